"use strict";

const element = (id) => document.getElementById(id);

// As text, because other users wrote it.
function show(list, text) {
  const item = document.createElement("li");
  item.textContent = text;
  element(list).prepend(item);
}

function say(state, text) {
  element(state).textContent = text;
}

const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/socket");
socket.onopen = () => say("socket-state", "Connected");
socket.onmessage = (event) => show("socket", event.data);
socket.onclose = (event) => say("socket-state", event.reason || "The connection is lost.");

const events = new EventSource("/events");
events.onopen = () => say("events-state", "Connected");
events.onmessage = (event) => show("events", event.data);
// The browser connects again by itself. It stops when the server refuses that.
events.onerror = () => {
  const isRefused = events.readyState === EventSource.CLOSED;
  say("events-state", isRefused ? "You were logged out." : "Connecting");
};

element("say").onsubmit = (event) => {
  event.preventDefault();
  const input = event.target.querySelector("input");
  socket.send(input.value);
  input.value = "";
};
