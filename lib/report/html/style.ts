/** The whole style of the page. Colours come in pairs of ground and ink with a contrast of at least 4.5 : 1. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #fff; --panel: #f6f8fa; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --link: #0550ae;
  --fail: #b3141f; --fail-ink: #fff; --fail-soft: #fff0ee; --fail-text: #a40e26;
  --inconclusive: #ffdf7a; --inconclusive-ink: #4a3800; --inconclusive-soft: #fff8e1; --inconclusive-text: #7a5300;
  --pass: #d5f5dd; --pass-ink: #0f5426; --pass-soft: #effbf2; --pass-text: #116329;
  --skip: #e4e8ed; --skip-ink: #3d444d; --skip-text: #3d444d;
  --unreached: #fff; --unreached-ink: #57606a; --unreached-text: #57606a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --panel: #161b22; --ink: #e6edf3; --quiet: #9aa4af; --line: #30363d; --link: #79b8ff;
    --fail: #d1303b; --fail-ink: #fff; --fail-soft: #2b1417; --fail-text: #ff9c96;
    --inconclusive: #d9a514; --inconclusive-ink: #1c1500; --inconclusive-soft: #251e0b; --inconclusive-text: #f0cb5c;
    --pass: #14401f; --pass-ink: #97e6aa; --pass-soft: #0f2015; --pass-text: #7edb95;
    --skip: #2b323b; --skip-ink: #c3cbd4; --skip-text: #c3cbd4;
    --unreached: #0d1117; --unreached-ink: #9aa4af; --unreached-text: #9aa4af;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: .75rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main, header.top, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .9rem; }
h3 { font-size: 1.05rem; }
p { margin: .4rem 0; }
a { color: var(--link); }
ul, ol { margin: .25rem 0; padding-left: 1.3rem; }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
pre {
  margin: .4rem 0; padding: .7rem .8rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  overflow: auto; max-height: 26rem; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45;
}
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.reason { white-space: pre-line; overflow-wrap: anywhere; }
.skip-link { position: absolute; left: -99rem; }
.skip-link:focus { position: static; }

header.top { padding-top: 1.25rem; }
.brand { display: flex; flex-wrap: wrap; gap: .2rem .9rem; align-items: baseline; color: var(--quiet); font-size: .875rem; }
.brand strong { color: var(--ink); letter-spacing: .01em; }
.verdict { margin: 1rem 0 0; padding: 1.15rem 1.25rem; border-radius: 10px; border: 1px solid var(--line); border-left: .6rem solid; }
.verdict.fail { background: var(--fail-soft); border-left-color: var(--fail); }
.verdict.inconclusive { background: var(--inconclusive-soft); border-left-color: var(--inconclusive); }
.verdict.pass { background: var(--pass-soft); border-left-color: var(--pass-text); }
.verdict h1 { font-size: clamp(1.6rem, 5vw, 2.2rem); display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; }
.verdict .because { font-size: 1.08rem; margin: .4rem 0 0; }
.tag { display: inline-block; font-size: .8rem; font-weight: 600; padding: .1rem .55rem; border-radius: 1rem; border: 1px solid; vertical-align: middle; white-space: nowrap; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: .9rem 0 0; list-style: none; }
.counts li { display: flex; align-items: baseline; gap: .4rem; padding: .2rem .75rem; border-radius: 6px; border: 1px solid var(--line); }
.counts b { font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .6rem 1.5rem; margin: 1.1rem 0 0; }
.facts div.wide { grid-column: 1 / -1; }
.facts dt { color: var(--quiet); font-size: .8rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.command { display: inline-block; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .6rem; user-select: all; }
nav.page { margin-top: 1rem; font-size: .9rem; display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; }

.fail { --tone: var(--fail); --tone-ink: var(--fail-ink); --tone-text: var(--fail-text); }
.inconclusive { --tone: var(--inconclusive); --tone-ink: var(--inconclusive-ink); --tone-text: var(--inconclusive-text); }
.pass { --tone: var(--pass); --tone-ink: var(--pass-ink); --tone-text: var(--pass-text); }
.skip { --tone: var(--skip); --tone-ink: var(--skip-ink); --tone-text: var(--skip-text); }
.unreached { --tone: var(--unreached); --tone-ink: var(--unreached-ink); --tone-text: var(--unreached-text); }
.badge { display: inline-grid; place-items: center; min-width: 1.5em; height: 1.5em; border-radius: .35em; padding: 0 .25em; background: var(--tone); color: var(--tone-ink); font-weight: 700; border: 1px solid color-mix(in srgb, var(--tone-ink) 25%, transparent); }
.word { color: var(--tone-text); font-weight: 600; }

.card { border: 1px solid var(--line); border-radius: 8px; padding: .95rem 1.1rem; margin: .8rem 0; background: var(--ground); }
.card.problem { border-left: .35rem solid var(--tone); }
.card.cause { border-left: .35rem solid var(--link); background: var(--panel); }
.card h3 { overflow-wrap: anywhere; }
.card h3 a { text-decoration: none; }
.card h3 a:hover { text-decoration: underline; }
.card .sentence { font-weight: 400; }
.card .seen { margin: .55rem 0; padding: .5rem .75rem; border-radius: 6px; background: var(--fail-soft); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: .3rem 2rem; margin-top: .6rem; }
.columns h4, .label { font-size: .8rem; color: var(--quiet); font-weight: 600; margin-top: .3rem; }
.columns ul, .columns ol { font-size: .95rem; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; margin: .45rem 0 0; padding: 0; list-style: none; font-size: .85rem; align-items: center; }
.chip { border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .6rem; background: var(--ground); white-space: nowrap; }
.list { padding: 0; list-style: none; }
.list li { display: grid; grid-template-columns: 1.7rem 5.2rem 1fr; gap: .3rem .6rem; padding: .4rem 0; border-bottom: 1px solid var(--line); align-items: start; }
.list li:last-child { border-bottom: 0; }

.matrix { display: grid; gap: .45rem; }
.matrix-row { display: grid; grid-template-columns: 14rem 1fr; gap: .3rem 1rem; align-items: start; }
.matrix-row h3 { font-size: .92rem; font-weight: 600; padding-top: .32rem; }
.matrix-row h3 small { color: var(--quiet); font-weight: 400; font-size: 1em; }
.cells { display: flex; flex-wrap: wrap; gap: .35rem; list-style: none; margin: 0; padding: 0; }
.cell { display: flex; gap: .4rem; align-items: center; justify-content: space-between; min-width: 5.9rem; padding: .28rem .55rem; border-radius: 5px; background: var(--tone); color: var(--tone-ink); border: 1px solid color-mix(in srgb, var(--tone-ink) 22%, transparent); text-decoration: none; font-size: .84rem; font-variant-numeric: tabular-nums; }
.cell.unreached { border-style: dashed; }
.cell.fail, .cell.inconclusive { font-weight: 700; }
.cell.advisory .id::after { content: "*"; }
.cell:hover, .cell:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .9rem 0 0; padding: 0; list-style: none; font-size: .85rem; color: var(--quiet); }

.cross { width: auto; }
.cross td, .cross th { padding: .12rem .35rem .12rem 0; border-bottom: 0; vertical-align: middle; }
.cross thead th { vertical-align: bottom; padding-bottom: .35rem; }
.cross thead th div { font-weight: 400; }
.cross .sentence { color: var(--quiet); font-size: .84rem; padding-left: .6rem; min-width: 16rem; }
.cross tbody th { color: var(--ink); font-weight: 600; padding-right: .9rem; font-size: .84rem; }
.labs .chips { margin: 0; gap: .2rem .8rem; }
.labs td { vertical-align: middle; overflow-wrap: normal; }
.labs td:first-child { min-width: 11rem; }

.lab + h3 { margin-top: 1.8rem; }
.lab { display: grid; grid-template-columns: minmax(0, 26rem) minmax(0, 1fr); gap: 1.5rem; align-items: start; }
.lab svg { width: 100%; height: auto; max-width: 26rem; display: block; }
svg text { font-family: inherit; fill: var(--ink); }
svg .soft { fill: var(--quiet); }
svg .box { fill: var(--panel); stroke: var(--line); stroke-width: 1.5; }
svg .manager { stroke: var(--link); }
svg .bus0 { stroke: #2f81f7; fill: #2f81f7; } svg .bus1 { stroke: #bf5af2; fill: #bf5af2; }
svg .bus2 { stroke: #d9822b; fill: #d9822b; } svg .bus3 { stroke: #1f9e8f; fill: #1f9e8f; }
svg line { stroke-width: 3; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 600; font-size: .8rem; white-space: nowrap; }
tbody th { font-weight: 500; color: var(--quiet); white-space: nowrap; }
td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.data td, .data th { font-size: .84rem; overflow-wrap: normal; }
.data { width: auto; min-width: 50%; }
.track { min-width: 7rem; width: 28%; }
.bar { height: .55rem; border-radius: 3px; background: var(--link); min-width: 2px; margin-top: .45rem; }
.bar.failed { background: var(--fail); }

.tools { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: 0 0 .8rem; }
.tools button, .tools input { font: inherit; font-size: .875rem; padding: .25rem .7rem; border-radius: 6px; border: 1px solid var(--line); background: var(--panel); color: var(--ink); }
.tools button[aria-pressed="true"] { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link); }
.tools input { min-width: 12rem; flex: 1 1 12rem; }
.group > h3 { margin: 1.6rem 0 .3rem; color: var(--quiet); font-size: .95rem; }
details.requirement { border: 1px solid var(--line); border-radius: 7px; margin: .35rem 0; }
details.requirement > summary { cursor: pointer; list-style: none; display: grid; grid-template-columns: 1.7rem 5.2rem 1fr auto; gap: .2rem .6rem; padding: .45rem .7rem; align-items: start; }
details.requirement > summary::-webkit-details-marker { display: none; }
details.requirement > summary:hover { background: var(--panel); border-radius: 7px; }
details.requirement h4 { font-size: .95rem; font-weight: 400; overflow-wrap: anywhere; }
details.requirement .id { font-weight: 600; white-space: nowrap; }
details.requirement .took { color: var(--quiet); font-size: .875rem; white-space: nowrap; }
details.requirement:target { outline: 2px solid var(--link); }
.body { padding: .2rem .9rem .9rem; border-top: 1px solid var(--line); }
.body dl { display: grid; grid-template-columns: 7.5rem 1fr; gap: .35rem 1rem; margin: .7rem 0; font-size: .95rem; }
.body dt { color: var(--quiet); }
.body dd { margin: 0; overflow-wrap: anywhere; }
.evidence { border-left: 3px solid var(--line); padding: 0 0 0 .8rem; margin: .6rem 0; }
.evidence > summary { cursor: pointer; font-weight: 500; }
.note { color: var(--quiet); font-size: .85rem; font-style: italic; }
footer { padding-top: 2rem; padding-bottom: 3rem; color: var(--quiet); font-size: .85rem; }

@media (max-width: 44rem) {
  body { font-size: 15px; }
  main, header.top, footer { padding-left: .85rem; padding-right: .85rem; }
  .lab, .matrix-row { grid-template-columns: minmax(0, 1fr); }
  .matrix-row { margin-bottom: .4rem; }
  .cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); }
  .cell { min-width: 0; padding: .42rem .5rem; }
  .list li { grid-template-columns: 1.7rem 1fr; }
  .list li > :nth-child(3) { grid-column: 1 / -1; }
  details.requirement > summary { grid-template-columns: 1.7rem 1fr auto; }
  details.requirement > summary h4 { grid-column: 1 / -1; grid-row: 2; }
  details.requirement > summary .took { grid-column: 3; grid-row: 1; }
  .body dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .body dd { margin-bottom: .5rem; }
  .track, .start { display: none; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; }
  main, header.top, footer { max-width: none; }
  nav.page, .tools, .skip-link { display: none; }
  .badge, .cell, .verdict, .card { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .card, .matrix-row, details.requirement > summary, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  pre { max-height: none; }
}
`
