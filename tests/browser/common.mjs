// What every browser test begins with: a Chromium of its own that reaches nothing but the page, and a way to ask the Rust side.
// Promises: a request of the page to any other host fails the test, and so does an error in the console; no request of the
// browser itself leaves this machine.
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.env.AEGIS_BROWSER_MODULES, "here.js"));
const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

export const url = process.env.AEGIS_URL;
export const code = process.env.AEGIS_CODE;
export const scene = JSON.parse(process.env.AEGIS_SCENE || "{}");
export const password = "four quiet garden gnomes";

export const assert = (is, words) => {
  if (!is) throw new Error(words);
};
export const equal = (one, other, words) => assert(one === other, `${words}: ${JSON.stringify(one)} is not ${JSON.stringify(other)}`);

// --- The Rust side: it does what it is asked in a line, and answers in a line ---
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const please = async (what, more = {}) => {
  console.log("please " + JSON.stringify({ what, ...more }));
  const { value, done } = await lines.next();
  assert(!done, "the test is gone");
  return JSON.parse(value);
};

// --- Whoever asks beyond this machine comes here, is refused and written down ---
const strays = [];
// What a browser asks its makers, whatever page it shows.
const own = /^(CONNECT |[A-Z]+ https?:\/\/)([a-z0-9-]+\.)*(google|googleapis|gvt1|gstatic)\.com[:/]/;
const trap = createServer((socket) => {
  socket.once("data", (bytes) => {
    const asked = String(bytes).split("\r\n")[0];
    if (!own.test(asked)) strays.push(asked);
    socket.end("HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  socket.on("error", () => {});
});

const complaints = [];
// What a test asks for on purpose, such as a page that is refused, is said by the browser as an error too.
let expected = [];
export const expect = (pattern) => { expected.push(pattern); };

export const watch = (context) => {
  context.on("request", (request) => {
    const asked = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(asked.protocol) && asked.host !== new URL(url).host) {
      strays.push("page: " + request.url());
    }
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.page()?.url()}: ${message.text()}`);
  });
  context.on("weberror", (error) => complaints.push("script: " + error.error()));
  return context;
};

export const run = async (test) => {
  await new Promise((listening) => trap.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({
    executablePath: process.env.AEGIS_CHROMIUM || "/usr/bin/chromium",
    args: [
      ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
      "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--disable-default-apps", "--disable-domain-reliability", "--disable-client-side-phishing-detection",
      "--no-default-browser-check", "--no-pings", `--proxy-server=http://127.0.0.1:${trap.address().port}`,
    ],
  });
  try {
    await test(browser);
    const unexpected = complaints.filter((words) => !expected.some((pattern) => pattern.test(words)));
    equal(unexpected.length, 0, "the console has errors: " + unexpected.join("\n"));
    equal(strays.length, 0, "other hosts were asked: " + strays.join("\n"));
  } catch (error) {
    // What stood on the pages then says more than what was waited for.
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      const text = await page.locator("body").innerText({ timeout: 1000 }).catch(() => "");
      error.message += `\n--- ${page.url()}\n${text.slice(0, 3000)}`;
    }
    error.stack = error.message + "\n" + error.stack;
    throw error;
  } finally {
    await browser.close();
    trap.close();
  }
};

export const main = async (test) => {
  try {
    await run(test);
    process.exit(0);
  } catch (error) {
    console.error(error.stack || String(error));
    process.exit(1);
  }
};

// A context with somebody's session in it.
export const as = async (browser, person, options = {}) => {
  const context = watch(await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }));
  context.setDefaultTimeout(10000);
  if (person) {
    const [name, value] = person.cookie.split("=");
    await context.addCookies([{ name, value, url, httpOnly: true, sameSite: "Strict" }]);
  }
  return context;
};

export const go = async (page, path) => {
  const answer = await page.goto(url + path, { waitUntil: "load" });
  return answer.status();
};

const pictures = process.env.AEGIS_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });
export const picture = async (page, name) => {
  if (pictures) await page.screenshot({ path: join(pictures, name + ".png"), fullPage: true });
};

export const axe = async (page) => {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
};

export const noSideways = async (page, where) => {
  const over = await page.evaluate(() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return "";
    const out = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > wide + 1);
    return document.documentElement.scrollWidth + " > " + wide + ": " + out.slice(0, 4).map((one) => one.outerHTML.slice(0, 120)).join(" | ");
  });
  equal(over, "", where + " scrolls sideways");
};

// Every control that can be seen is reached by the Tab key, and shows that it is.
export const keyboard = async (page, where) => {
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
    const seen = all.filter((one) => {
      if (one.disabled || !one.checkVisibility({ visibilityProperty: true })) return false;
      if (one.type !== "radio") return true;
      const group = all.filter((other) => other.type === "radio" && other.name === one.name && other.form === one.form);
      return one === (group.find((other) => other.checked) || group[0]);
    });
    seen.forEach((one, at) => { one.dataset.tabAt = at; });
    document.activeElement?.blur();
    return seen.length;
  });
  const reached = new Set();
  for (let turn = 0; turn < wanted + 12 && reached.size < wanted; turn++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return null;
      const style = getComputedStyle(one);
      const shows = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      const box = one.getBoundingClientRect();
      const isIn = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
      return { at: one.dataset.tabAt, shows: shows && isIn, html: one.outerHTML.slice(0, 160) };
    });
    if (!at) continue;
    assert(at.shows, `${where}: focus is not seen on ${at.html}`);
    if (at.at !== undefined) reached.add(at.at);
  }
  const missed = await page.evaluate((reached) => [...document.querySelectorAll("[data-tab-at]")]
    .filter((one) => !reached.includes(one.dataset.tabAt)).map((one) => one.outerHTML.slice(0, 120)), [...reached]);
  equal(missed.length, 0, `${where}: the Tab key never reaches ${missed.join(" | ")}`);
};
