// What a load of the first page takes: requests, bytes over the wire, first paint; each from an empty cache.
import { as, assert, go, main, scene } from "./common.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

await main(async (browser) => {
  const runs = [];
  for (let turn = 0; turn < 6; turn++) {
    const context = await as(browser, scene.owner);
    const page = await context.newPage();
    const wire = await context.newCDPSession(page);
    await wire.send("Network.enable");
    let requests = 0, bytes = 0;
    wire.on("Network.requestWillBeSent", () => { requests++; });
    wire.on("Network.responseReceived", ({ response, type }) => { if (type === "EventSource") bytes += response.encodedDataLength; });
    wire.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
    await go(page, "/");
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    // The live values have come by then.
    await page.waitForTimeout(1000);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    if (process.env.T) console.log(await page.evaluate(() => { const n = performance.getEntriesByType("navigation")[0]; const r = performance.getEntriesByType("resource").map((x) => [x.name.slice(-14), Math.round(x.startTime), Math.round(x.responseEnd)].join(":")); return [n.requestStart, n.responseStart, n.responseEnd, n.domInteractive, n.domContentLoadedEventEnd, n.loadEventEnd].map(Math.round).join(" ") + " | " + r.join(" "); }));
    // The first load of all warms up the browser itself.
    if (turn > 0) runs.push({ requests, bytes, paint });
    await context.close();
  }
  const [requests, bytes, paint] = ["requests", "bytes", "paint"].map((name) => median(runs.map((run) => run[name])));
  console.log(`figures: ${requests} requests, ${bytes} bytes, first paint after ${Math.round(paint)} ms (median of ${runs.length}: ` +
    runs.map((run) => `${run.requests}/${run.bytes}/${Math.round(run.paint)}`).join(" ") + ")");
  assert(requests <= 6, `${requests} requests are more than 6`);
  assert(bytes <= 60 * 1024, `${bytes} bytes are more than 60 KB`);
  assert(paint <= 150, `${Math.round(paint)} ms are more than 150`);
});
