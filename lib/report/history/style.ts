/** What the history page adds to the style of the report. */
export const historyStyle = `
section.series { margin-top: 2.2rem; padding-top: .4rem; border-top: 1px solid var(--line); }
section.series:first-of-type { border-top: 0; margin-top: .6rem; }
section.series > h2 { margin: .8rem 0; overflow-wrap: anywhere; }
.changes { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: .9rem 0 0; }
.changes dt { font-weight: 600; }
.changes dd { margin: 0; overflow-wrap: anywhere; }
.changes .new { color: var(--fail-text); }
.changes .fixed { color: var(--pass-text); }
.changes .unknown, .changes .flaky { color: var(--inconclusive-text); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .6rem 2.5rem; }
figure { margin: 0; }
figure h3 { margin: 0 0 .1rem; }
figcaption { font-size: .875rem; color: var(--quiet); margin-bottom: .5rem; }
.chart { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--line); overflow: visible; }
.chart rect { fill: var(--tone-text); stroke: var(--ground); stroke-width: .4; vector-effect: non-scaling-stroke; }
.chart rect.pass { fill: color-mix(in srgb, var(--pass-text) 55%, var(--ground)); }
.chart rect.skip, .chart rect.unreached { fill: color-mix(in srgb, var(--quiet) 45%, var(--ground)); }
.chart rect.inconclusive { fill: var(--inconclusive); }
.chart rect.fail { fill: var(--fail); }
.chart rect.took { fill: color-mix(in srgb, var(--link) 65%, var(--ground)); }
.chart a:hover rect, .chart a:focus rect { opacity: .7; }
.axis { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8rem; margin-top: .15rem; }
.course { display: grid; grid-template-columns: minmax(9rem, max-content) max-content 1fr; gap: .1rem 1rem; align-items: center; list-style: none; padding: 0; margin: .5rem 0; }
.course li { display: contents; }
.course .name { font-weight: 600; }
.strip { display: flex; gap: 2px; }
.strip span { display: inline-grid; place-items: center; width: 1.15em; height: 1.35em; border-radius: 3px; font-size: .8rem; font-weight: 700; background: var(--tone); color: var(--tone-ink); border: 1px solid color-mix(in srgb, var(--tone-ink) 25%, transparent); }
.strip span.absent { border-color: transparent; }
@media (max-width: 44rem) {
  .changes { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .changes dd { margin-bottom: .45rem; }
  .course { grid-template-columns: 1fr max-content; }
  .course .strip { grid-column: 1 / -1; margin-bottom: .5rem; }
  .strip span { width: 1.02em; font-size: .74rem; }
  .wide-only { display: none; }
}
`
