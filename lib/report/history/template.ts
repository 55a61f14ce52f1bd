/** The history page as an eta template; `<%= %>` escapes, `<%~ %>` holds only markup of this file. */
export const historyPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>History of network conformance · swarmproof</title>
<style><%~ it.style %></style>
</head>
<body>
<header class="top">
<div class="brand"><strong>swarmproof</strong><span>history of network conformance</span><span><%= it.runs %></span></div>
<% if (it.several) { %><nav class="page" aria-label="On this page"><% it.series.forEach((one, index) => { %><a href="#series-<%= index %>"><%= one.current.tone === 'pass' ? '✓' : one.current.tone === 'fail' ? '✗' : '?' %> <%= one.name %></a> <% }) %></nav><% } %>
</header>
<main>
<% if (it.series.length === 0) { %><p>No run yet.</p><% } %>
<% it.series.forEach((one, index) => { %><%~ include('@series', { ...one, index, latestReport: one.current.run.runId === it.latest ? it.latestReport : undefined }) %><% }) %>
<% if (it.notes.length > 0) { %><section aria-labelledby="notes"><h2 id="notes">Lines that were skipped</h2><ul><% for (const note of it.notes) { %><li><%= note %></li><% } %></ul></section><% } %>
</main>
<footer>Only runs that were asked to verify the same thing are compared. Outcomes: <% for (const [symbol, word] of [['✗', 'failed'], ['?', 'inconclusive'], ['·', 'not reached'], ['–', 'skipped'], ['✓', 'passed']]) { %><%= symbol %> <%= word %> <% } %></footer>
</body>
</html>
`

export const series = `<section class="series" aria-labelledby="series-<%= it.index %>"><h2 id="series-<%= it.index %>"><%= it.name %></h2>
<div class="verdict <%= it.current.tone %>">
<h3><span class="badge" aria-hidden="true"><%= it.current.tone === 'pass' ? '✓' : it.current.tone === 'fail' ? '✗' : '?' %></span> <%= it.current.title %><% if (it.current.run.partial) { %> <span class="tag">partial</span><% } %></h3>
<p class="quiet small"><%= it.current.when %>, took <%= it.current.took %>, Docker <%= it.current.engines %><% if (it.latestReport) { %> · <a href="<%= it.latestReport %>">whole report</a><% } %><% if (it.current.href) { %> · <a href="<%= it.current.href %>">the run</a><% } %></p>
<ul class="counts" aria-label="Requirements by outcome"><% for (const { outcome, style, count } of it.current.counts) { %><li class="<%= outcome %>"><span class="badge" aria-hidden="true"><%= style.symbol %></span> <b><%= count %></b> <%= style.word %></li><% } %></ul>
<% if (it.first) { %><p>The first run of its kind: nothing to compare it with.</p><% } else { %><dl class="changes"><% for (const { kind, label, text } of it.lines) { %><dt class="<%= kind %>"><%= label %></dt><dd><%= text %></dd><% } %></dl><% } %>
</div>
<% if (!it.first) { %><%~ include('@charts', it) %><% } %>
<% if (it.courses.length > 0) { %><h3 style="margin-top:1.6rem">Did not always pass, last <%= it.stripRuns %> runs</h3>
<ul class="course"><% for (const one of it.courses) { %><li><span class="name"><%= one.name %></span><span class="quiet small">passed <%= one.passedPercent %> %</span><span class="strip" role="img" aria-label="<%= one.cells.map((cell) => cell.tooltip).join('; ') %>"><% for (const cell of one.cells) { %><span class="<%= cell.outcome %>" title="<%= cell.tooltip %>"><%= cell.symbol %></span><% } %></span></li><% } %></ul><% } %>
<% if (it.slower.length > 0) { %><h3 style="margin-top:1.6rem">Take longer than they used to</h3>
<ul><% for (const one of it.slower) { %><li><b><%= one.name %></b> <%= one.now %>, median of the runs before <%= one.median %></li><% } %></ul><% } %>
<h3 style="margin-top:1.6rem">Runs</h3>
<div class="scroll"><table><thead><tr><th scope="col">started</th><th scope="col">outcome</th><th scope="col" class="wide-only">verdicts</th><th scope="col" class="number">took</th><th scope="col" class="wide-only">Docker</th><th scope="col" class="wide-only">commit</th></tr></thead><tbody>
<% for (const row of it.rows) { %><tr><td class="number" style="text-align:left"><% if (row.href) { %><a href="<%= row.href %>"><%= row.when.slice(0, 16) %></a><% } else { %><%= row.when.slice(0, 16) %><% } %></td><td class="<%= row.tone %>"><span class="word"><%= row.title %></span><% if (row.run.partial) { %> <span class="quiet wide-only">partial</span><% } %></td><td class="wide-only"><% for (const { style, count } of row.counts) { %><%= style.symbol %> <%= count %>  <% } %></td><td class="number"><%= row.took %></td><td class="wide-only"><%= row.engines %></td><td class="mono wide-only"><%= row.commit %></td></tr>
<% } %></tbody></table></div><% if (it.older > 0) { %><p class="note">… and <%= it.older %> older runs</p><% } %>
</section>`

export const charts = `<div class="charts" style="margin-top:1.4rem">
<figure><h3>Verdicts</h3><figcaption><%= it.passSentence %></figcaption>
<svg class="chart" viewBox="0 0 <%= it.bars.length * 10 %> 100" preserveAspectRatio="none" role="img" aria-label="<%= it.passSentence %>"><% it.bars.forEach((bar, index) => { %><% if (bar.href) { %><a href="<%= bar.href %>"><% } %><g><title><%= bar.tooltip %></title><% for (const part of bar.parts) { %><rect class="<%= part.outcome %>" x="<%= index * 10 + 1 %>" width="8" y="<%= (100 - part.bottom - part.height).toFixed(2) %>" height="<%= part.height.toFixed(2) %>"></rect><% } %></g><% if (bar.href) { %></a><% } %><% }) %></svg>
<div class="axis"><span><%= it.from %></span><span><%= it.to %></span></div></figure>
<figure><h3>Duration</h3><figcaption><%= it.timeSentence %></figcaption>
<svg class="chart" viewBox="0 0 <%= it.times.length * 10 %> 100" preserveAspectRatio="none" role="img" aria-label="<%= it.timeSentence %>"><% it.times.forEach((one, index) => { %><g><title><%= one.tooltip %></title><rect class="took" x="<%= index * 10 + 1 %>" width="8" y="<%= (100 - one.height).toFixed(2) %>" height="<%= one.height.toFixed(2) %>"></rect></g><% }) %></svg>
<div class="axis"><span><%= it.from %></span><span><%= it.to %></span></div></figure></div>`
