/**
 * The page as an eta template. `<%= %>` escapes; `<%~ %>` is used only for markup made by this room: `prose` and
 * `drawing` escape what they are given.
 */
export const reportPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-<%= it.scriptHash %>'">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title><%= it.title %> · swarmproof</title>
<style><%~ it.style %></style>
</head>
<body>
<a class="skip-link" href="#main">Skip to the report</a>
<header class="top">
<div class="brand"><strong>swarmproof</strong><span>network conformance report</span><span class="mono"><%= it.run.runId %></span></div>
<div class="verdict <%= it.tone %>">
<h1><span class="badge" aria-hidden="true"><%= it.symbol %></span> <%= it.headline.conclusion.charAt(0).toUpperCase() + it.headline.conclusion.slice(1) %><% if (it.headline.partial) { %> <span class="tag">partial</span><% } %><% if (!it.headline.finished) { %> <span class="tag">not finished</span><% } %></h1>
<p class="because"><%= it.headline.because %></p>
<ul class="counts" aria-label="Requirements by outcome">
<% for (const { outcome, style, count } of it.counts) { %><li class="<%= outcome %>"><span class="badge" aria-hidden="true"><%= style.symbol %></span> <b><%= count %></b> <%= style.word %></li>
<% } %></ul>
</div>
<dl class="facts">
<% for (const { label, value, wide } of it.facts) { %><div<% if (wide) { %> class="wide"<% } %>><dt><%= label %></dt><dd><%= value %></dd></div>
<% } %><div class="wide"><dt>Reproduce with</dt><dd><code class="command"><%= it.reproduce %></code></dd></div>
</dl>
<nav class="page" aria-label="On this page">
<% if (it.failed.length + it.findings.length > 0) { %><a href="#broken"><%= it.findingsTitle %></a><% } %>
<% if (it.inconclusive.length > 0) { %><a href="#unknown">Inconclusive</a><% } %>
<a href="#matrix">Matrix</a> <a href="#requirements">Requirements and evidence</a> <% if (it.severalLabs) { %><a href="#labs">Labs</a> <% } %><a href="#lab"><%= it.severalLabs ? 'Labs and versions' : 'Lab and versions' %></a><% if (it.steps.length > 0) { %> <a href="#steps">Build steps</a><% } %>
</nav>
</header>
<main id="main">
<%~ include('@failure', it) %>
<%~ include('@labTable', it) %>
<%~ include('@broken', it) %>
<%~ include('@matrix', it) %>
<%~ include('@skipped', it) %>
<% if (it.failures.length > 0) { %><%~ include('@lab', it) %><% } %>
<%~ include('@requirements', it) %>
<% if (it.failures.length === 0) { %><%~ include('@lab', it) %><% } %>
</main>
<footer>Written by swarmproof <%= it.run.swarmproofVersion %>. All data of this run is in <a href="run.json">run.json</a>. * advisory: engines do not promise it, so it never decides the verdict.</footer>
<script><%~ it.script %></script>
</body>
</html>
`

export const failure = `<% if (it.failures.length > 0) { %>
<section aria-labelledby="failure"><h2 id="failure">Why the run could not go on</h2>
<% for (const f of it.failures) { %><div class="card problem inconclusive">
<h3>Step “<%= f.step %>”<% if (f.host) { %> on <span class="mono"><%= f.host %></span><% } %><% if (f.on !== '') { %> of lab <span class="mono"><%= f.on %></span><% } %> failed</h3>
<pre><%= f.message %></pre>
<% if (f.text !== '') { %><p class="label">Last lines of <% if (f.href) { %><a href="<%= f.href %>"><%= f.logSource %></a><% } else { %><%= f.logSource || 'the log' %><% } %></p>
<pre><%= f.text %></pre><% } %>
</div><% } %></section><% } %>
<% if (it.leftovers.length > 0) { %>
<section aria-labelledby="left"><h2 id="left">Not removed from the hosts</h2>
<% for (const one of it.leftovers) { %><div class="card problem inconclusive">
<h3><%= one.what %> on <span class="mono"><%= one.host %></span></h3>
<p class="label">To remove it</p>
<pre><%= one.remove %></pre>
</div><% } %></section><% } %>`

export const labTable = `<% if (it.severalLabs) { %>
<section aria-labelledby="labs"><h2 id="labs">Labs</h2>
<div class="scroll"><table class="labs"><thead><tr><th scope="col">lab</th><th scope="col" class="number">nodes</th><th scope="col">Docker engine</th><th scope="col">kernel</th><th scope="col" class="number">took</th><th scope="col">verdicts</th></tr></thead><tbody>
<% for (const lab of it.labs) { %><tr><td><b><%= lab.name %></b><div class="quiet small"><%= lab.description %></div></td><td class="number"><%= lab.nodes %></td><td><%= lab.engines %></td><td><%= lab.kernels %></td><td class="number"><%= lab.took || 'not begun' %></td><td><ul class="chips"><% for (const { outcome, style, count } of lab.counts) { %><li class="<%= outcome %>"><span class="badge" aria-hidden="true"><%= style.symbol %></span> <%= count %> <%= style.word %></li><% } %></ul></td></tr>
<% } %></tbody></table></div></section><% } %>`

export const broken = `<% if (it.findings.length + it.failed.length > 0) { %>
<section aria-labelledby="broken"><h2 id="broken"><%= it.findingsTitle %></h2>
<% for (const finding of it.findings) { %><article class="card cause">
<p class="label"><%= finding.severity === 'advice' ? 'Advice' : 'Cause' %><% if (finding.on !== '') { %>, lab<% if (finding.labs.length > 1) { %>s<% } %> <%= finding.on %><% } %></p>
<h3><%~ it.prose(finding.title) %></h3>
<p class="reason"><%~ it.prose(finding.cause) %></p>
<p class="label">What to do</p>
<ol><% for (const line of finding.remedy) { %><li><%~ it.prose(line) %></li><% } %></ol>
<ul class="chips"><% for (const host of finding.places) { %><li class="chip mono"><%= host %></li><% } %><% if (finding.ids.length > 0) { %><li>explains</li><% } %><% for (const { id, anchor, outcome } of finding.ids) { %><li class="<%= outcome %>"><a class="cell <%= outcome %>" style="min-width:0" href="#<%= anchor %>"><span class="id"><%= id %></span></a></li><% } %></ul>
<% if (finding.knownIssues.length > 0) { %><p class="small quiet">Seen before: <%= finding.knownIssues.join(', ') %></p><% } %>
<% if (finding.explainable) { %><p class="small quiet">What it means, its proof, and what rules it out: <span class="mono">swarmproof explain <%= finding.code %></span></p><% } %>
</article><% } %>
<% for (const r of it.failed) { %><article class="card problem fail">
<h3><span class="badge" aria-hidden="true">✗</span> <a href="#<%= r.anchor %>"><%= r.id %></a><% if (r.lab !== '') { %> <span class="chip mono"><%= r.lab %></span><% } %> <span class="sentence"><%~ it.prose(r.sentence) %></span><% if (r.advisory) { %> <span class="tag">advisory</span><% } %></h3>
<p class="reason seen"><%~ it.prose(r.reason) %></p>
<% if (r.hosts.length > 0) { %><ul class="chips"><li class="quiet">hosts</li><% for (const host of r.hosts) { %><li class="chip mono"><%= host %></li><% } %></ul><% } %>
<% if (r.explained) { %><details class="small"><summary>Usual causes and what to do, beside the diagnosis above</summary><% } %>
<div class="columns">
<% if (r.causes.length > 0) { %><div><h4>Usual causes</h4><ul><% for (const line of r.causes) { %><li><%~ it.prose(line) %></li><% } %></ul></div><% } %>
<% if (r.remedy.length > 0) { %><div><h4>What to do</h4><ul><% for (const line of r.remedy) { %><li><%~ it.prose(line) %></li><% } %></ul></div><% } %>
</div>
<% if (r.explained) { %></details><% } %>
<p class="small"><a href="#<%= r.anchor %>">How it was verified, and the evidence</a></p>
</article><% } %>
</section><% } %>
<% if (it.inconclusive.length > 0) { %><section aria-labelledby="unknown"><h2 id="unknown">Inconclusive</h2>
<ul class="list"><% for (const r of it.inconclusive) { %><li class="inconclusive"><span class="badge" aria-hidden="true">?</span> <a href="#<%= r.anchor %>"><%= r.id %></a> <span class="reason"><% if (r.lab !== '') { %><span class="chip mono"><%= r.lab %></span> <% } %><%~ it.prose(r.reason) %></span></li><% } %></ul></section><% } %>`

export const skipped = `<% if (it.skipped.length > 0) { %><section aria-labelledby="skipped"><h2 id="skipped">What was not verified</h2>
<ul class="list"><% for (const r of it.skipped) { %><li class="skip"><span class="badge" aria-hidden="true">–</span> <a href="#<%= r.anchor %>"><%= r.id %></a> <span class="reason"><% if (r.lab !== '') { %><span class="chip mono"><%= r.lab %></span> <% } %><%~ it.prose(r.reason) %></span></li><% } %></ul></section><% } %>`

export const matrix = `<section aria-labelledby="matrix"><h2 id="matrix">Requirements at a glance</h2>
<% if (it.crossTable.length > 0) { %><div class="scroll"><table class="cross"><thead><tr><th scope="col">requirement</th><% for (const lab of it.labs) { %><th scope="col"><%= lab.name %><div><%= lab.engines %></div></th><% } %><th scope="col"></th></tr></thead><tbody>
<% for (const row of it.crossTable) { %><tr><th scope="row"><%= row.id %><%= row.advisory ? '*' : '' %></th><% for (const r of row.cells) { %><td><% if (r) { %><a class="cell <%= r.outcome %>" href="#<%= r.anchor %>" title="<%= r.style.word %>: <%= r.reason.split('\\n')[0] %>"><span aria-hidden="true"><%= r.style.symbol %></span> <span class="id"><%= r.style.word %></span></a><% } %></td><% } %><td class="sentence"><%~ it.prose(row.sentence) %></td></tr>
<% } %></tbody></table></div><% } else { %>
<div class="matrix"><% for (const group of it.groups) { %><div class="matrix-row"><h3><%= group.code %> <small><%= group.name %></small></h3>
<ul class="cells"><% for (const r of group.requirements) { %><li><a class="cell <%= r.outcome %><%= r.advisory ? ' advisory' : '' %>" href="#<%= r.anchor %>" title="<%= r.style.word %><%= r.lab === '' ? '' : ' on ' + r.lab %>: <%= r.sentence %>" aria-label="<%= r.id %> <%= r.style.word %>"><span class="id"><%= r.id %></span> <span aria-hidden="true"><%= r.style.symbol %></span></a></li><% } %></ul></div><% } %></div><% } %>
<ul class="legend"><% for (const { outcome, style } of it.counts) { %><li class="<%= outcome %>"><span class="badge" aria-hidden="true"><%= style.symbol %></span> <%= style.word %>: <%= style.meaning %></li><% } %><li>* advisory</li></ul>
</section>`

export const requirements = `<section aria-labelledby="requirements"><h2 id="requirements">Requirements and evidence</h2>
<div class="tools" hidden><button type="button" data-outcome="" aria-pressed="true">All</button><% for (const { outcome, style, count } of it.counts) { %><button type="button" data-outcome="<%= outcome %>" aria-pressed="false"><%= style.symbol %> <%= style.word %> (<%= count %>)</button><% } %><button type="button" data-expand="open">Open all</button><input type="search" placeholder="Search: id, host, address …" aria-label="Search in requirements"></div>
<% for (const group of it.groups) { %><div class="group"><h3><%= group.code %>: <%= group.name %></h3>
<% for (const r of group.requirements) { %><details class="requirement <%= r.outcome %>" id="<%= r.anchor %>" data-outcome="<%= r.outcome %>">
<summary><span class="badge" aria-hidden="true"><%= r.style.symbol %></span> <span class="id"><%= r.id %><%= r.advisory ? '*' : '' %></span> <h4><% if (r.lab !== '') { %><span class="chip mono"><%= r.lab %></span> <% } %><%~ it.prose(r.sentence) %></h4> <span class="took"><%= r.took %></span></summary>
<div class="body"><dl>
<dt>Verdict</dt><dd><span class="word"><%= r.style.word %></span><% if (r.advisory) { %> <span class="tag">advisory: does not decide</span><% } %><div class="reason"><%~ it.prose(r.reason) %></div></dd>
<dt>Required by</dt><dd><% for (const source of r.source) { %><div><%= source %></div><% } %></dd>
<dt>How verified</dt><dd><%~ it.prose(r.method) %></dd>
<% if (r.startedAt !== '') { %><dt>When</dt><dd><%= r.startedAt %>, took <%= r.took || 'unknown' %></dd><% } %>
<% if (r.outcome !== 'pass' && r.causes.length > 0) { %><dt>Usual causes</dt><dd><ul><% for (const line of r.causes) { %><li><%~ it.prose(line) %></li><% } %></ul></dd><% } %>
<% if (r.outcome !== 'pass' && r.remedy.length > 0) { %><dt>What to do</dt><dd><ul><% for (const line of r.remedy) { %><li><%~ it.prose(line) %></li><% } %></ul></dd><% } %>
</dl>
<% for (const e of r.evidence) { %><%~ include('@evidence', { ...e, open: r.outcome === 'fail' }) %><% } %>
</div></details>
<% } %></div><% } %></section>`

export const evidence = `<% if (it.kind === 'measurements') { %><div class="scroll evidence"><table class="data"><caption class="label" style="text-align:left">Measured</caption><thead><tr><th scope="col">what</th><th scope="col" class="number">value</th><th scope="col" class="number">bound</th></tr></thead><tbody><% for (const m of it.rows) { %><tr><td><%= m.name %></td><td class="number"><%= m.value %></td><td class="number"><%= m.bound || 'none' %></td></tr><% } %></tbody></table><p class="note"><%= it.note %></p></div><% } else { %>
<details class="evidence"<% if (it.open) { %> open<% } %>><summary><%= it.name %><% if (it.kind === 'packets') { %> <span class="quiet">(<%= it.packets %> packets)</span><% } %></summary>
<% if (it.kind === 'table') { %><div class="scroll"><table class="data"><% if (it.columns.length > 0) { %><thead><tr><% for (const c of it.columns) { %><th scope="col"><%= c %></th><% } %></tr></thead><% } %><tbody><% for (const row of it.rows) { %><tr><% for (const c of row) { %><td><%= c %></td><% } %></tr><% } %></tbody></table></div>
<% } else if (it.kind === 'json') { %><% if (it.text !== '') { %><pre><%= it.text %></pre><% } %>
<% } else { %><p><% if (it.href) { %><a href="<%= it.href %>"><%= it.file %></a><% } else { %><span class="mono"><%= it.file %></span><% } %> <span class="quiet">opens in Wireshark, or with <code>swarmproof inspect</code></span></p><% if (it.summary.length > 0) { %><pre><%= it.summary.join('\\n') %></pre><% } %>
<% } %><% if (it.note !== '') { %><p class="note"><%= it.note %></p><% } %></details><% } %>`

export const lab = `<section aria-labelledby="lab"><h2 id="lab"><%= it.severalLabs ? 'Labs and versions' : 'Lab and versions' %></h2>
<% for (const lab of it.labs) { %><% if (it.severalLabs) { %><h3><%= lab.name %></h3><% } %>
<p class="quiet"><%= lab.description %></p>
<div class="lab"><%~ lab.drawing %>
<table><tbody><% for (const { label, value } of lab.versions) { %><tr><th scope="row"><%= label %></th><td><%= value %></td></tr><% } %></tbody></table></div><% } %></section>
<% if (it.steps.length > 0) { %><section aria-labelledby="steps"><h2 id="steps">Build steps</h2>
<div class="scroll"><table><thead><tr><th scope="col">step</th><% if (it.severalLabs) { %><th scope="col">lab</th><% } %><th scope="col">host</th><th scope="col" class="number start">began</th><th scope="col" class="number">took</th><th class="track" scope="col"><span hidden>course</span></th></tr></thead><tbody>
<% for (const s of it.steps) { %><tr><td><%= s.failed ? '✗ ' : '' %><%= s.what %><% if (s.failed) { %> <span class="word fail">failed</span><% } %><% if (s.detail !== '') { %><div class="quiet small"><%= s.detail %></div><% } %></td><% if (it.severalLabs) { %><td><%= s.lab %></td><% } %><td class="mono"><%= s.host %></td><td class="number start"><%= s.start %></td><td class="number"><%= s.took %></td><td class="track"><div class="bar<%= s.failed ? ' failed' : '' %>" style="margin-left:<%= s.leftPercent %>%;width:<%= s.widthPercent %>%"></div></td></tr><% } %>
</tbody></table></div></section><% } %>`
