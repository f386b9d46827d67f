// What mdBook's pages lack for screen readers and keyboards.
(() => {
    // The switch of the sidebar is the label of a checkbox. Only the checkbox may have a name and a state.
    const toggle = document.querySelector("#mdbook-sidebar-toggle");
    for (const name of ["aria-label", "aria-expanded", "aria-controls"]) toggle?.removeAttribute(name);
    document.querySelector("#mdbook-menu-bar")?.setAttribute("role", "banner");
    // What scrolls must be reachable by keyboard.
    for (const wide of document.querySelectorAll(".content pre > code, .content .table-wrapper")) {
        if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    }
})();
