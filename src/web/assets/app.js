// What a page gains with a script: values that stay live, answers that follow the typing, and a button to copy.
// Promises: all of the page works without it; data of others becomes text and never markup; focus is never taken.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // --- Numbers and times, as the page itself writes them ---
  const group = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const span = (s) => {
    const units = [["d", Math.floor(s / 86400)], ["h", Math.floor(s / 3600) % 24], ["min", Math.floor(s / 60) % 60], ["s", Math.floor(s) % 60]];
    let at = units.findIndex(([, n]) => n > 0);
    if (at < 0) at = 3;
    return units.slice(at, at + 2).filter(([, n], i) => i === 0 || n > 0).map(([u, n]) => n + " " + u).join(" ");
  };
  const forms = {
    n: group,
    ms: (n) => n === null ? "none yet" : n < 1000 ? n + " ms" : n < 10000 ? Math.floor(n / 100) / 10 + " s" : span(n / 1000),
    bytes: (n) => {
      for (const [unit, size] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]]) {
        if (n >= size) return n < 10 * size ? (Math.floor(n / size * 10) / 10).toFixed(1) + " " + unit : group(Math.floor(n / size)) + " " + unit;
      }
      return n + " bytes";
    },
  };
  const ago = (at) => {
    const s = Math.round(Date.now() / 1000 - at), far = Math.abs(s);
    const days = Math.floor(far / 86400);
    if (far < 60) return s < 0 ? "in a moment" : "just now";
    const told = far < 3600 ? Math.floor(far / 60) + " min" : far < 86400 ? Math.floor(far / 3600) + " h" : days + (days === 1 ? " day" : " days");
    return s < 0 ? "in " + told : told + " ago";
  };
  const say = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
  const clock = () => all("time[datetime]").forEach((time) => {
    const at = Date.parse(time.dateTime);
    if (!at) return;
    say(time, ago(at / 1000));
    time.title = new Date(at).toLocaleString();
  });
  setInterval(clock, 30000);

  // --- Pieces of this very page, asked for again ---
  const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
  const swap = (old, fresh) => {
    if (!old || !fresh || old.isEqualNode(fresh)) return;
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const open = all("details[open] > summary", old).map((summary) => summary.textContent);
    const mine = document.importNode(fresh, true);
    all("details > summary", mine).forEach((summary) => { if (open.includes(summary.textContent)) summary.parentNode.open = true; });
    all("[autofocus]", mine).forEach((field) => field.removeAttribute("autofocus"));
    old.replaceWith(mine);
    const same = held && all(held.tagName, mine).find((node) => held.id ? node.id === held.id : node.textContent === held.textContent);
    if (same) same.focus({ preventScroll: true });
    dress(mine);
  };
  let isAsking = false, isLate = false, spoken = document.querySelector(".state .big")?.textContent;
  const again = async () => {
    if (isAsking) { isLate = true; return; }
    isAsking = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.ok) {
        const fresh = await read(answer);
        for (const old of all("[data-fragment]")) {
          if (old.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
          swap(old, fresh.querySelector(`[data-fragment="${old.dataset.fragment}"]`));
        }
        // The state is said aloud when it becomes another one, and nothing else is.
        const big = document.querySelector(".state .big")?.textContent;
        if (big && spoken && big !== spoken) say(byId("spoken"), big);
        spoken = big;
      }
    } catch { /* The stream says when the appliance is not there. */ }
    setTimeout(() => { isAsking = false; if (isLate) { isLate = false; again(); } }, 2000);
  };

  // --- Live ---
  const states = {
    connected: ["Connected", "good"], rate_limited: ["Rate-limited", "warn"], degraded: ["Degraded (AI off)", "warn"],
    backlog_high: ["Backlog high", "warn"], watch_only: ["Watch-only (missing rights)", "bad"], holding: ["Holding", "bad"],
    unknown: ["Getting to know", "calm"],
  };
  // What is not a number: when it changes, the pieces of the page are asked for again.
  const shape = (now, page) => JSON.stringify([
    now.rung, now.cause, now.mode, now.banner, now.failing,
    now.groups.map((g) => [g.id, g.title, g.mode, g.rights, g.state, page === "setup" ? [g.why, g.messages] : 0]),
    now.tenants.map((t) => [t.tenant, t.degraded, t.percent, t.is_warned, t.trouble]),
  ]);
  const live = (page) => {
    let last = "", since = 0, wasLost = false;
    const stream = new EventSource("/api/v1/live");
    const note = byId("live");
    stream.addEventListener("now", (event) => {
      const now = JSON.parse(event.data);
      since = 0;
      say(note, "");
      const groups = {};
      for (const g of now.groups) groups[g.id] = g;
      for (const node of all("[data-live]")) {
        const path = node.dataset.live.split(".");
        const value = path[0] === "groups" ? groups[path[1]]?.[path[2]] : now[path[0]]?.[path[1]];
        if (value === undefined) continue;
        if (path[2] === "state") {
          const [words, kind] = states[value] || [value, "calm"];
          say(node, words);
          node.dataset.kind = kind;
        } else {
          const form = forms[node.dataset.form] || (typeof value === "number" ? group : String);
          say(node, form(value));
        }
      }
      for (const node of all("[data-meter]")) {
        const [part, whole] = node.dataset.meter.split("/").map((path) => now.numbers[path.split(".")[1]]);
        if (whole) node.setAttribute("width", Math.min(100, Math.floor(part * 100 / whole)) + "%");
      }
      const own = shape(now, page);
      // At the stream's first word the page is as old as a blink, unless it was cut off in between.
      const isNew = page === "numbers" && now.groups.some((g) => !document.querySelector(`[data-group="${Number(g.id)}"]`)) && now.groups.length <= 20;
      if (last ? last !== own || wasLost : isNew) again();
      last = own;
      wasLost = false;
    });
    stream.addEventListener("gone", () => {
      stream.close();
      say(note, "You were logged out, so this page is no longer live. ");
      const way = document.createElement("a");
      way.href = "/login?back=" + encodeURIComponent(location.pathname);
      way.textContent = "Log in again";
      note.append(way);
    });
    stream.addEventListener("error", () => {
      if (since) return;
      since = Date.now();
      wasLost = true;
      say(note, "Not live since " + new Date(since).toLocaleTimeString() + ". These are the last values known; trying again.");
    });
    addEventListener("pagehide", () => stream.close());
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  };

  // --- Forms whose answer takes the place of a part of the page ---
  const turns = new WeakMap();
  // A form that follows the typing is sent without a button; it says nothing of its own, and is not disturbed by a refusal.
  const send = async (form, button) => {
    const turn = (turns.get(form) || 0) + 1, place = form.dataset.swap, isLive = form.classList.contains("live-form");
    turns.set(form, turn);
    const data = new FormData(form);
    if (button?.name) data.append(button.name, button.value);
    // What is wanted shows at once, and is put back when it is refused or nobody answers.
    const shown = isLive ? [] : all("[data-shows]", byId(place)).map((node) => [node, node.textContent]);
    for (const [node] of shown) { const value = form.elements[node.dataset.shows]?.value; if (value) say(node, value); }
    const words = button?.textContent;
    if (button && !isLive) { button.setAttribute("aria-busy", "true"); button.textContent = "Saving\u2026"; }
    try {
      const answer = await fetch("/form", { method: "POST", body: new URLSearchParams(data), credentials: "same-origin" });
      const fresh = await read(answer);
      if (turns.get(form) !== turn) return;
      const piece = fresh.getElementById(place);
      // Another page came back, such as the one to log in: then the form goes the way it goes without a script.
      if (!piece) { if (button) form.submit(); return; }
      const wrong = fresh.querySelector("#errors li")?.textContent;
      if (wrong && !button) { if (isLive) say(byId("at-these"), wrong); return; }
      if (wrong || !isLive) tell(wrong ? "It was not changed: " + wrong : "Saved.", wrong ? "bad" : "good");
      if (wrong && isLive) return;
      swap(byId(place), piece);
      verdict();
      if (!isLive) (byId(place).querySelector("[aria-invalid]") || byId(place).querySelector("summary"))?.focus();
    } catch {
      for (const [node, old] of shown) say(node, old);
      if (button) tell("The appliance did not answer. Nothing is known to be changed; try again.", "bad");
    }
    if (button && !isLive) { button.removeAttribute("aria-busy"); button.textContent = words; }
  };
  const tell = (words, kind) => {
    let note = byId("told");
    if (!note) {
      note = document.createElement("p");
      note.id = "told";
      note.className = "note";
      note.setAttribute("role", "status");
      document.querySelector("h1").after(note);
    }
    note.dataset.kind = kind;
    say(note, words);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.swap) {
      event.preventDefault();
      send(form, event.submitter);
    } else {
      // A second press of the same button is not a second order.
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 3000);
    }
  });

  // --- The simulator ---
  let timer = 0;
  // The verdict at the scores that stand in the form now, which may have moved on since the answer.
  const verdict = () => {
    const form = byId("form-try"), seen = document.querySelector("[data-score]");
    if (!form || !seen) return;
    const at = (name) => Number(form.elements[name].value || seen.dataset[name.slice(0, -2)]), score = Number(seen.dataset.score);
    const [words, kind] = score >= at("block:n") ? ["Blocked", "bad"] : score >= at("review:n") ? ["Unsure", "warn"] : ["Fine", "good"];
    // Where nothing is tried, the slider stands at what is in force.
    for (const name of ["review:n", "block:n"]) {
      const field = form.elements[name], slider = byId(field.dataset.twin);
      if (slider && !field.value) slider.value = seen.dataset[name.slice(0, -2)];
    }
    const chip = document.querySelector("#verdict-chip .chip");
    say(chip, words);
    if (chip) chip.dataset.kind = kind;
    say(byId("at-these"), "With these scores: " + words + " (score " + score + ")");
  };
  document.addEventListener("input", (event) => {
    const field = event.target, twin = field.dataset.twin && byId(field.dataset.twin);
    if (twin) twin.value = field.value;
    const form = field.closest(".live-form");
    if (!form) return;
    verdict();
    clearTimeout(timer);
    timer = setTimeout(() => { if (form.elements.text.value.trim()) send(form, null); }, 300);
  });

  // --- Small things ---
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
      say(button, "Copied");
    } catch {
      getSelection().selectAllChildren(byId(button.dataset.copy));
      say(button, "Selected: copy it with your keyboard");
    }
  });
  // A part of the page, new or old: what only works with a script is shown, and scores get their sliders.
  const dress = (root) => {
    all("[data-copy]", root).forEach((button) => { button.hidden = false; });
    all(".live-form input[type=number]", root).forEach((field) => {
      const slider = document.createElement("input");
      slider.type = "range";
      slider.id = field.id + "-range";
      slider.min = "0";
      slider.max = "200";
      slider.value = field.value;
      slider.setAttribute("aria-label", field.labels[0].firstChild.textContent + ", slider");
      slider.dataset.twin = field.id;
      field.dataset.twin = slider.id;
      field.after(slider);
    });
    clock();
  };
  dress(document);
  const here = document.querySelector("nav [aria-current]");
  if (here) here.closest("ul").scrollLeft = here.offsetLeft - 40;
  const page = document.body.dataset.livePage;
  if (page && window.EventSource) live(page);
})();
