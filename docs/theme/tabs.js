// Turns `<div class="tabs">` into tabs (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). Without this script its
// parts stand one below the other. The choice holds for all tabs with the same labels, on all pages.
(() => {
    const groups = [];

    const remembered = (key) => {
        try { return localStorage.getItem(key); } catch { return null; }
    };
    const remember = (key, label) => {
        try { localStorage.setItem(key, label); } catch { /* Private windows may refuse. */ }
    };

    const show = ({ tabs }, label) => {
        for (const { tab, panel } of tabs) {
            const selected = tab.textContent === label;
            tab.setAttribute("aria-selected", selected);
            tab.tabIndex = selected ? 0 : -1;
            panel.hidden = !selected;
        }
    };

    const choose = (key, tab) => {
        // What is above the reader changes its height: keep the tab where it is.
        const before = tab.getBoundingClientRect().top;
        groups.filter((group) => group.key === key).forEach((group) => show(group, tab.textContent));
        window.scrollBy(0, tab.getBoundingClientRect().top - before);
        remember(key, tab.textContent);
    };

    document.querySelectorAll(".tabs").forEach((element, index) => {
        const panels = [...element.children];
        const labels = panels.map((panel) => panel.dataset.tab);
        const group = { key: `tabs: ${labels.join(", ")}`, tabs: [] };
        const list = document.createElement("div");
        list.setAttribute("role", "tablist");
        list.setAttribute("aria-label", labels.join(", "));
        panels.forEach((panel, at) => {
            const tab = document.createElement("button");
            tab.type = "button";
            tab.textContent = labels[at];
            tab.id = `tab-${index}-${at}`;
            panel.id = `panel-${index}-${at}`;
            tab.setAttribute("role", "tab");
            tab.setAttribute("aria-controls", panel.id);
            panel.setAttribute("role", "tabpanel");
            panel.setAttribute("aria-labelledby", tab.id);
            tab.addEventListener("click", () => choose(group.key, tab));
            tab.addEventListener("keydown", (event) => {
                const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: labels.length - 1 }[event.key];
                if (to === undefined) return;
                event.preventDefault();
                event.stopPropagation(); // The book turns its pages with the same keys.
                const next = group.tabs[(to + labels.length) % labels.length].tab;
                choose(group.key, next);
                next.focus();
            });
            list.append(tab);
            group.tabs.push({ tab, panel });
        });
        element.prepend(list);
        element.classList.add("switched");
        groups.push(group);
        const label = remembered(group.key);
        show(group, labels.includes(label) ? label : labels[0]);
    });
})();
