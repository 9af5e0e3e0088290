// Holds the dashboard to Grafana's own types: node tests/papers/dashboard.mjs PACKAGES board/grafana/aegis.json
// With --rules instead of PACKAGES it writes its expressions as rules of Prometheus, for promtool to read.
//
// PACKAGES is a folder with what package.json beside this file names. The dashboard is read by TypeScript's compiler as a
// value of Grafana's type, so that a misspelt key, a wrong word and a missing field are found; first some of these are
// planted, and have to be found. What its expressions ask for is tried by tests/papers.rs and promtool.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [packages, file] = process.argv.slice(2);
if (!packages || !file) {
    console.error('usage: dashboard.mjs PACKAGES|--rules DASHBOARD');
    process.exit(64);
}
if (packages === '--rules') {
    const exprs = JSON.parse(readFileSync(file, 'utf8')).panels.flatMap((panel) => (panel.targets ?? []).map((one) => one.expr));
    const rules = exprs.map((expr, at) => ({ record: `panel:expr:${at}`, expr }));
    // JSON is YAML as well.
    console.log(JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    process.exit(exprs.length > 10 ? 0 : 1);
}
const place = resolve(packages, 'dashboard.ts');
const ts = createRequire(place)('typescript');

// In JSON an enumeration is its word or its number. Options and field settings are those of each panel's own kind; a
// query of Prometheus has no type in the package.
const TYPES = `
import type { Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel } from '@grafana/schema';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { FieldConfig as Line, Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
type Plain<T> = T extends string ? \`\${T}\` : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : number)
    : T extends Array<infer U> ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Source = { type: 'prometheus'; uid: string };
type Query = { datasource: Source; editorMode: 'code'; expr: string; legendFormat: string; range: true; refId: string };
type Fields<C> = Omit<FieldConfigSource, 'defaults'> & { defaults: Omit<FieldConfig, 'custom'> & { custom?: C } };
type Kind<K, O, C> = Plain<Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets' | 'datasource'>>
    & { type: K; options: Plain<O>; fieldConfig: Plain<Fields<C>>; targets: Query[]; datasource: Source };
type Shown = Kind<'stat', Partial<Stat> & Pick<Stat, 'reduceOptions'>, never> | Kind<'timeseries', TimeSeries, Line> | Plain<RowPanel>;
export const dashboard: Plain<Omit<Dashboard, 'panels'>> & { panels: Shown[] } = `;

const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
};
const host = ts.createCompilerHost(options);
const read = host.getSourceFile;
const parsed = new Map();

function complaints(dashboard) {
    const text = TYPES + JSON.stringify(dashboard, null, 1) + ';\n';
    host.getSourceFile = (name, ...more) => {
        if (name === place) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
        if (!parsed.has(name)) parsed.set(name, read(name, ...more));
        return parsed.get(name);
    };
    const exists = ts.sys.fileExists;
    host.fileExists = (name) => name === place || exists(name);
    const program = ts.createProgram([place], options, host);
    return ts.getPreEmitDiagnostics(program).map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '));
}

const dashboard = JSON.parse(readFileSync(file, 'utf8'));
const found = complaints(dashboard);
if (found.length > 0) {
    console.error(`${file} is no dashboard of Grafana's:\n` + found.join('\n'));
    process.exit(1);
}
const line = dashboard.panels.findIndex((panel) => panel.type === 'timeseries');
const planted = {
    'a misspelt key': (d) => { d.titel = d.title; },
    'a misspelt key of a panel': (d) => { d.panels[line].gridPosition = d.panels[line].gridPos; },
    'a wrong word of an option': (d) => { d.panels[line].options.legend.placement = 'left'; },
    'a wrong word of a line': (d) => { d.panels[line].fieldConfig.defaults.custom.drawStyle = 'lines'; },
    'a number out of an enumeration': (d) => { d.graphTooltip = 7; },
    'a panel of no kind': (d) => { d.panels[0].type = 'stats'; },
    'a query without an expression': (d) => { delete d.panels[line].targets[0].expr; },
};
for (const [what, plant] of Object.entries(planted)) {
    const copy = structuredClone(dashboard);
    plant(copy);
    if (complaints(copy).length === 0) {
        console.error(`${what} is not found, so that this check says nothing`);
        process.exit(1);
    }
}
const ids = dashboard.panels.map((panel) => panel.id);
if (new Set(ids).size !== ids.length) {
    console.error('two panels have one id');
    process.exit(1);
}
console.log(`${dashboard.panels.length} panels, ${Object.keys(planted).length} planted faults found`);
