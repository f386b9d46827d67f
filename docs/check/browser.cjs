// Reads the whole site in headless Chromium, on a desktop and a phone, light and dark: no errors on the console,
// nothing wider than the window, no accessibility problem that axe finds. Then uses search and tabs.
// With a folder as second argument, keeps screenshots there.

const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const axe = require("axe-core");
const { chromium } = require("playwright-core");

const [root, screenshots] = process.argv.slice(2);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".png": "image/png" };
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const THEMES = { light: "light", dark: "navy" };
// What a first-time reader looks for, and the page where it is.
const SEARCHES = {
    "log in": "logging-in", "protect route": "guards", "remember me": "remember-me", "permissions": "permissions",
    "log out everywhere": "devices", "token": "tokens", "nginx": "proxies", "testing": "testing",
    "missing layer": "errors", "flask": "flask", "stolen cookie": "security",
};

const server = http.createServer((request, response) => {
    const name = path.join(root, path.normalize(decodeURIComponent(request.url.split("?")[0])));
    const file = name.endsWith("/") ? `${name}index.html` : name;
    fs.readFile(file, (error, text) => {
        response.writeHead(error ? 404 : 200, { "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream" });
        response.end(text);
    });
});

const pages = fs.readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith(".html") && !/^(api|print|toc|404)\b/.test(name)).sort();

const main = async () => {
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const origin = `http://127.0.0.1:${server.address().port}`;
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    const problems = new Set();

    for (const [size, viewport] of Object.entries(SIZES)) for (const [shade, theme] of Object.entries(THEMES)) {
        const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
        await context.addInitScript((name) => localStorage.setItem("mdbook-theme", name), theme);
        const page = await context.newPage();
        let at = "";
        const problem = (what) => problems.add(`${at} (${size}, ${shade}): ${what}`);
        page.on("console", (message) => message.type() === "error" && problem(`console: ${message.text()}`));
        page.on("pageerror", (error) => problem(`script: ${error.message}`));
        page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("data:") || problem(`asks for ${request.url()}`));
        for (at of pages) {
            await page.goto(`${origin}/${at}`, { waitUntil: "load" });
            const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            if (wider > 0) problem(`${wider} pixels wider than the window`);
            await page.evaluate(axe.source);
            const { violations } = await page.evaluate(() => window.axe.run());
            for (const { id, nodes } of violations) problem(`${id}: ${nodes.length} × ${nodes[0].html.slice(0, 120)} ${nodes[0].failureSummary.replace(/\s+/g, " ").slice(0, 200)}`);
            if (screenshots && ["index.html", "quick-start/axum.html", "recipes/passwords.html"].includes(at)) {
                await page.screenshot({ path: `${screenshots}/${at.replace("/", "-")}-${size}-${shade}.png` });
            }
        }
        if (screenshots) {
            await page.goto(`${origin}/index.html?search=missing%20layer`);
            await page.locator("#mdbook-searchresults a").first().waitFor();
            await page.screenshot({ path: `${screenshots}/search-${size}-${shade}.png` });
        }
        await context.close();
    }

    const page = await browser.newPage();
    const tab = (name) => page.getByRole("tab", { name, exact: true }).first();
    await page.goto(`${origin}/guards.html`);
    await tab("Rocket").click();
    await page.goto(`${origin}/remember-me.html`);
    assert.equal(await tab("Rocket").getAttribute("aria-selected"), "true", "another page remembers the tab");
    await tab("Rocket").press("ArrowRight");
    assert.equal(await tab("axum").getAttribute("aria-selected"), "true", "arrow keys choose a tab");
    const bare = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await bare.goto(`${origin}/guards.html`);
    const parts = await bare.locator(".tabs").first().locator("[data-tab]").all();
    for (const part of parts) assert(await part.isVisible(), "without scripts, all parts are shown");

    for (const [words, name] of Object.entries(SEARCHES)) {
        await page.goto(`${origin}/index.html?search=${encodeURIComponent(words)}`);
        await page.locator("#mdbook-searchresults-header", { hasText: /./ }).waitFor();
        const found = await page.locator("#mdbook-searchresults a").evaluateAll((links) => links.slice(0, 10).map((link) => link.getAttribute("href")));
        if (!found.some((link) => link.includes(name))) problems.add(`search for "${words}" finds ${found.join(" ")} and not ${name}`);
    }

    await browser.close();
    server.close();
    for (const problem of problems) console.log(problem);
    console.log(`${pages.length} pages, ${Object.keys(SEARCHES).length} searches, ${problems.size} problems`);
    process.exitCode = problems.size ? 1 : 0;
};

main();
