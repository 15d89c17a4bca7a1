'use strict';

// The page is a function of the events, as every display of devloop: docs/events.md describes them.

const limits = { saves: 100, notices: 30, log: 5000, shown: 1000 };
const at = id => document.getElementById(id);

// The page's own words are English here; language.json has their translations. The server translates the messages in events.
let language = { tag: 'en' };

// say translates a format, and fills in what its verbs stand for: see package translate.
function say(format, ...values) {
  let next = 0;
  return ((language.formats || {})[format] || format).replace(/%(?:\[(\d)\])?[qdnstm]/g, (verb, number) => {
    const i = number ? number - 1 : next;
    next++;
    return values[i];
  });
}

function translatePage() {
  document.documentElement.lang = language.tag;
  for (const e of document.querySelectorAll('[data-say]')) e.textContent = say(e.textContent);
  for (const e of document.querySelectorAll('[aria-label]')) e.setAttribute('aria-label', say(e.getAttribute('aria-label')));
}

let session; // what the events have said so far
function reset() {
  session = { state: {}, services: new Map(), cycles: [], pods: new Map(), notices: [], log: [] };
}

// of returns the state of an event's service, of the session's only one where it names none.
function of(e) {
  if (!e.service) return session.state;
  if (!session.services.has(e.service)) session.services.set(e.service, { service: e.service });
  return session.services.get(e.service);
}

const states = () => session.services.size ? [...session.services.values()] : [session.state];
const named = (e, text) => e.service ? e.service + ': ' + text : text;
reset();

function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

const seconds = s => (s || 0).toFixed(2) + ' s';
const names = { nothing: 'no change', swap: 'hot swap', pod: 'new Pod', manifest: 'new Pod' };
const pathOf = c => say(c.number === 1 ? 'first deploy' : names[c.path] || c.path || 'deployed');

function cycle(e) {
  let c = session.cycles.find(c => c.number === e.cycle && c.service === e.service);
  if (!c) {
    c = { number: e.cycle, service: e.service, because: '', path: '', stages: [], outcome: '' }; // as in the state of a snapshot
    session.cycles.push(c);
    if (session.cycles.length > limits.saves) session.cycles.shift();
  }
  return c;
}

// stage records how far a stage of a cycle is.
function stage(e) {
  const c = cycle(e);
  c.stages = [...c.stages.filter(s => s.id !== e.id), e];
  return ['saves', 'head'];
}

// current is the name of the stage that runs in a cycle.
const current = c => c && !c.outcome && (c.stages.find(s => !s.outcome) || {}).stage;

// put adds an event to a list of its service, in place of one with the same key.
function put(e, list, key) {
  of(e)[list] = [...(of(e)[list] || []).filter(old => old[key] !== e[key]), e];
}

function archive(e, a) {
  of(e).archive = a;
  return ['running'];
}

// placed lets the list have the Pods of a service that answer or start, and not those that they replace. It returns their names.
function placed(e) {
  const ready = e.serving ? e.serving.pods : [], pods = [...ready, ...(e.candidate ? e.candidate.pods : [])];
  for (const p of [...session.pods.values()]) {
    if (p.service === e.service && !pods.includes(p.pod)) session.pods.delete(p.pod);
  }
  for (const pod of ready) session.pods.set(pod, { service: e.service, pod, phase: say('ready') });
  return pods;
}

// notice adds a line to the notices.
function notice(n) {
  session.notices.unshift({ ...n, text: named(n, n.text) });
  session.notices.length = Math.min(session.notices.length, limits.notices);
  return ['notices'];
}

// handlers say what an event changes; the returned names are the parts to draw again.
const handlers = {
  'snapshot': e => {
    reset();
    session.state = e.state || {};
    session.liveReload = session.state.liveReload;
    for (const s of session.state.services || []) session.services.set(s.service, s);
    for (const s of states()) {
      const c = s.cycle;
      if (s.localhost) placed({ ...s.localhost, service: s.service });
      if (c && c.number) Object.assign(cycle({ cycle: c.number, service: s.service }), { stages: [], ...c });
    }
    return Object.keys(parts);
  },
  'session.started': e => { of(e).project = e; return ['head']; },
  'session.finished': () => { session.ended = true; return ['head']; },
  'forward.open': e => { put(e, 'forwards', 'url'); return ['head']; },
  'debug.open': e => { put(e, 'debug', 'address'); return ['running']; },
  'spare': e => { put(e, 'spares', 'pod'); return ['running']; },
  'image.built': e => archive(e, e.archive),
  'archive.finished': e => archive(e, e),
  'livereload.open': e => { session.liveReload = e; return ['running']; },
  'paused': e => { of(e).paused = e.on; return ['head']; },
  'state.changed': e => {
    const state = of(e), pods = placed(e);
    state.localhost = e;
    if (pods.length) state.spares = (state.spares || []).filter(s => pods.includes(s.pod));
    return ['head', 'problem', 'running', 'pods'];
  },
  'cycle.started': e => { cycle(e).because = e.because; return ['saves', 'head']; },
  'path.chosen': e => { Object.assign(cycle(e), { path: e.path, why: e.why }); return ['saves']; },
  'stage.started': e => stage(e),
  'stage.finished': e => stage(e),
  'cycle.finished': e => {
    Object.assign(cycle(e), { outcome: e.outcome, seconds: e.seconds, failure: e.failure });
    return ['saves', 'times', 'problem', 'head'];
  },
  'pod.phase': e => {
    session.pods.delete(e.pod);
    session.pods.set(e.pod, e);
    if (session.pods.size > limits.notices) session.pods.delete(session.pods.keys().next().value);
    return ['pods'];
  },
  'notice': notice,
  'container.restarted': e => notice({ service: e.service, level: 'warning', text: containerText(e) }),
  'debugger': e => {
    for (const d of of(e).debug || []) {
      if (d.pod === e.pod && e.action !== 'redefined') d.attached = e.action === 'attached';
    }
    return ['running', ...notice({ service: e.service, text: debuggerText(e) })];
  },
  'archive.rejected': e => [...archive(e, { why: e.why }), ...notice({ service: e.service, level: 'warning', text: say("the JVM rejects the archive of its dependencies' classes (%s)", e.why) })],
  'app.log': e => { line(e.service ? e.service + ' | ' + e.line : e.line); return ['log']; },
  'events.missed': e => { line('… ' + say('%d events were left out, since this page was too slow', e.count)); return ['log']; },
};

const containerText = e => e.lostChanges
  ? say('the container of Pod %q restarted from its image and lost the changes since: devloop makes a new Pod that has them', `"${e.pod}"`)
  : say('a container of Pod %q ended or was started again', `"${e.pod}"`);

function debuggerText(e) {
  if (e.action === 'attached') return say('a debugger has attached to %s', e.pod);
  if (e.action === 'detached') return say('the debugger has detached from %s', e.pod);
  if (e.action === 'redefined') return say('the debugger has hot-swapped %s in %s; the next save or R restores the version of your build', (e.classes || []).join(', '), e.pod);
  return say('refused a debugger: %t', e.reason);
}

function line(text) {
  session.log.push(text);
  if (session.log.length > limits.log) session.log.splice(0, session.log.length - limits.log);
}

const last = () => session.cycles[session.cycles.length - 1];

const parts = {
  head() {
    const projects = states().map(s => s.project && s.project.project).filter(Boolean);
    at('project').textContent = projects.join(', ') || 'devloop';
    document.title = (problem() ? '✗ ' : '') + at('project').textContent;
    const all = states(), count = all.filter(s => s.localhost && s.localhost.serving).length, several = all.length > 1;
    const c = session.cycles.findLast(current) || last(), status = at('status'), serving = count > 0, how = several ? say('%d of %d serve', count, all.length) : say('serving');
    if (session.ended) show(status, 'quiet', say('the session has ended'));
    else if (current(c)) show(status, 'quiet', named(c, say(current(c))) + (c.because ? ' ' + say('because %t', c.because) : ''));
    else if (problem()) show(status, 'bad', several ? how : serving ? say('failed') + '; ' + say('the code from before still answers') : say('nothing answers'));
    else if (all.some(s => s.paused)) show(status, 'quiet', say('paused: saves wait'));
    else if (serving) show(status, 'good', how + (c && c.seconds ? ': ' + named(c, pathOf(c)) + ' ' + say('in %s s', c.seconds.toFixed(2)) : ''));
    else show(status, 'quiet', say('starting'));
    at('address').replaceChildren(...states().flatMap(s => (s.forwards || []).map(f => ({ ...f, service: s.service }))).map(f => {
      const a = element('a', '', named(f, f.url));
      if (/^https?:\/\//.test(f.url)) a.href = f.url;
      a.rel = 'noreferrer';
      a.target = '_blank';
      return a;
    }));
  },
  problem() {
    const p = problem();
    at('problem').hidden = !p;
    if (!p) return;
    const seen = p.evidence || []; // the message may end with its first line
    at('problem-text').textContent = [p.message, ...(seen.length && p.message.endsWith(seen[0]) ? seen.slice(1) : seen)].join('\n');
    at('problem-hints').replaceChildren(...(p.hints || []).map(h => element('li', '', h)));
  },
  saves() {
    at('saves').replaceChildren(...session.cycles.slice().reverse().map(c => {
      const li = element('li');
      li.value = c.number;
      const outcome = c.outcome || 'running';
      li.append(element('span', outcome === 'ok' ? 'good' : outcome === 'failed' ? 'bad' : 'quiet', outcome === 'ok' ? seconds(c.seconds) : say(outcome)), ' ');
      if (c.path) li.append(element('strong', '', pathOf(c)), ' ');
      li.append(named(c, c.because || ''), ' ');
      if (c.why) li.append(element('span', 'quiet', c.why));
      const stages = element('div');
      for (const s of c.stages.filter(s => s.outcome && s.outcome !== 'skipped')) {
        const chip = element('span', 'stage' + (s.outcome === 'failed' ? ' bad' : ''), say(s.stage) + ' ' + seconds(s.seconds));
        chip.title = [s.output, s.compiledBy, s.image, ...(s.pods || []), s.compiledBy ? '' : s.why].filter(Boolean).join(', ');
        stages.append(chip);
      }
      li.append(stages);
      return li;
    }));
  },
  times() {
    const done = session.cycles.filter(c => c.outcome === 'ok' || c.outcome === 'failed').slice(-60);
    const svg = at('times'), most = Math.max(1, ...done.map(c => c.seconds || 0));
    const shape = (tag, attributes, text) => {
      const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
      for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
      if (text) e.textContent = text;
      return e;
    };
    svg.replaceChildren(shape('text', { x: 4, y: 12 }, seconds(most)));
    done.forEach((c, i) => {
      const height = Math.max(2, 100 * (c.seconds || 0) / most);
      const bar = shape('rect', { x: 10 * i, y: 118 - height, width: 8, height, class: c.outcome });
      bar.append(shape('title', {}, `${named(c, c.number)}: ${pathOf(c)} ${seconds(c.seconds)}`));
      svg.append(bar);
    });
    const saves = done.filter(c => c.outcome === 'ok' && c.number > 1).map(c => c.seconds).sort((a, b) => a - b);
    at('times-text').textContent = savesText(saves.length, saves[Math.floor(saves.length / 2)]);
  },
  pods() {
    at('pods').replaceChildren(...[...session.pods.values()].reverse().map(p => element('li', '', `${p.pod}: ${p.phase}${p.detail ? ', ' + p.detail : ''}`)));
  },
  running() {
    const lines = states().flatMap(s => runningIn(s).map(text => named(s, text)));
    if (session.liveReload) lines.push(say('browsers reload after each change, by LiveReload on port %d', session.liveReload.port));
    at('running').replaceChildren(...lines.map(l => element('li', '', l)));
  },
  notices() {
    at('notices').replaceChildren(...session.notices.map(n => element('li', n.level === 'warning' ? 'bad' : 'quiet', [n.text, ...(n.hints || [])].join(' → '))));
  },
  log() {
    const wanted = at('search').value.toLowerCase();
    const lines = wanted ? session.log.filter(l => l.toLowerCase().includes(wanted)) : session.log;
    at('log').textContent = lines.slice(-limits.shown).join('\n');
    if (at('follow').checked) at('log').scrollTop = at('log').scrollHeight;
  },
};

function savesText(count, median) {
  if (count === 0) return '';
  return count === 1 ? say('1 save, %s s', median.toFixed(2)) : say('%d saves, median %s s', count, median.toFixed(2));
}

// runningIn says what a service has beside its Pods.
function runningIn(s) {
  const lines = [], a = s.archive;
  for (const d of s.debug || []) lines.push(`${say('debug')} ${d.address} → ${d.pod}` + (d.attached ? ', ' + say('debugger attached') : d.suspended ? ', ' + say('it waits for a debugger') : ''));
  for (const p of s.spares || []) lines.push(p.pod + ': ' + (p.ready ? say('a spare JVM waits in the Pod: restarts are faster') : say('restarts start a new JVM: %t', p.why)));
  if (a && (a.used || a.why)) lines.push(a.used ? say("archive of the dependencies' classes: %d MB", Math.round((a.size || 0) / 1e6)) : say("no archive of the dependencies' classes: %t", a.why));
  return lines;
}

// problem is why the last cycle failed, or why nothing answers.
function problem() {
  for (const s of states()) {
    const c = session.cycles.findLast(c => c.service === s.service && (c.outcome === 'ok' || c.outcome === 'failed'));
    const p = (s.localhost || {}).outage || (c && c.outcome === 'failed' && c.failure);
    if (p) return { ...p, message: named(s, p.message) };
  }
  return null;
}

function show(e, className, text) {
  e.className = className;
  e.textContent = text;
}

let dirty = new Set();
function draw() {
  for (const part of dirty) parts[part]();
  dirty = new Set();
}

function take(e) {
  const handler = handlers[e.event]; // other kinds are for others
  if (!handler) return;
  if (dirty.size === 0) requestAnimationFrame(draw);
  for (const part of handler(e)) dirty.add(part);
}

at('search').addEventListener('input', () => parts.log());

async function start() {
  language = await (await fetch('language.json')).json();
  translatePage();
  const secret = location.hash.slice(1);
  if (secret) {
    history.replaceState(null, '', location.pathname); // not into bookmarks and screenshots
    const answer = await fetch('login', { method: 'POST', body: secret });
    if (!answer.ok) return show(at('status'), 'bad', say((await answer.text()).trim()));
  }
  const stream = new EventSource('events');
  stream.onmessage = m => take(JSON.parse(m.data));
  stream.onerror = () => {
    if (session.ended) return stream.close(); // its server is gone, as it said
    show(at('status'), 'bad', stream.readyState === EventSource.CLOSED ? say('open the page with: devloop open --ui') : say('devloop does not answer'));
  };
}
start().catch(error => show(at('status'), 'bad', String(error)));
