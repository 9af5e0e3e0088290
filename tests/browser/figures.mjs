// What a load of the first page takes: requests, bytes over the wire, first paint; each from an empty cache.
// Promises: the paint is held to 150 ms where this machine has the time to say so. How much it has is told by one line of plain
// text from the same server: where that alone takes longer than on an idle machine, the page may take three times as long.
import { as, assert, expect, go, main, scene } from "./common.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const idle = 75;

const load = async (browser, path = "/") => {
  const context = await as(browser, scene.owner);
  const page = await context.newPage();
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  let requests = 0, bytes = 0;
  wire.on("Network.requestWillBeSent", () => { requests++; });
  wire.on("Network.responseReceived", ({ response, type }) => { if (type === "EventSource") bytes += response.encodedDataLength; });
  wire.on("Network.dataReceived", ({ requestId, encodedDataLength }) => { if (requestId === stream) bytes += encodedDataLength; });
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
  let stream = "";
  wire.on("Network.requestWillBeSent", ({ requestId, type }) => { if (type === "EventSource") stream = requestId; });
  await go(page, path);
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  // The live values have come by then.
  await page.waitForTimeout(path === "/" ? 1000 : 0);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  await context.close();
  return { requests, bytes, paint };
};

await main(async (browser) => {
  // Browsers look for an icon beside plain text, and there is none.
  expect(/status of 404/);
  // The first load of all warms up the browser itself.
  await load(browser);
  let requests, bytes, paint, most;
  // A machine that is busy with something else at this moment gets another turn, and a third.
  for (let turn = 0; turn < 3 && !(paint <= most); turn++) {
    const runs = [], lines = [];
    for (let run = 0; run < 5; run++) {
      lines.push((await load(browser, "/healthz")).paint);
      runs.push(await load(browser));
    }
    [requests, bytes, paint] = ["requests", "bytes", "paint"].map((name) => median(runs.map((run) => run[name])));
    const line = median(lines);
    most = line > idle ? Math.max(150, 3 * line) : 150;
    console.log(`figures: ${requests} requests, ${bytes} bytes, first paint after ${Math.round(paint)} ms (median of ${runs.length}: ` +
      runs.map((run) => `${run.requests}/${run.bytes}/${Math.round(run.paint)}`).join(" ") +
      `); a line of text takes ${Math.round(line)} ms, so at most ${Math.round(most)} ms`);
  }
  assert(requests <= 6, `${requests} requests are more than 6`);
  assert(bytes <= 60 * 1024, `${bytes} bytes are more than 60 KB`);
  assert(paint <= most, `${Math.round(paint)} ms are more than ${Math.round(most)}`);
});
