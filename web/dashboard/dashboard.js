// The page of `quillet watch`: shows the runs as their events arrive, and asks the server for samples.
// uPlot draws the graph. Without it (npm did not install it) the table of numbers replaces it.
// Uses: write.js, the addresses of docs/watch.md, uPlot.
import {showRuns} from './write.js'

const $ = (id) => document.getElementById(id)
const LN2 = Math.LN2
const NUMBER_ROWS = 200 // of the table; the newest
const POINT_BUDGET = 20000 // of all lines together; a line has at most LINE_POINTS, and at least a tenth of these
const LINE_POINTS = 500
const QUIET_FACTOR = 6 // a run is silent if its files are older than this many epochs
const QUIET_SECONDS = 60 // but not before

// Distinguishable with and without full color vision, on a light and on a dark background (Okabe and Ito's, adapted).
const COLORS = {
  light: ['#0b62a4', '#c04a00', '#00785a', '#a03c78', '#7a5c00', '#2f2f2f'],
  dark: ['#6db7f2', '#f59a5a', '#4cc9a3', '#e69ac4', '#e3c044', '#d0d0d0'],
}
const darkness = matchMedia('(prefers-color-scheme: dark)')

// By name. `last`, `best` and `seconds` are exact; `rows` and `detail` are thinned by the server, the first over all
// epochs, the second over the zoom. `points` are the rows that are drawn, by their place on the x axis.
const runs = new Map()
const problems = []
let uPlot = null
let graph = null
let graphKey = ''
let cursorEpoch = null
let drawPending = false
let language = '' // of the models' texts; empty if it is not known
let serverAhead = 0 // milliseconds by which the server's clock, which dates the files, is ahead of this one
let zoom = null // {from, to}, the epochs to which the graph is limited

function color(run) {
  const palette = darkness.matches ? COLORS.dark : COLORS.light
  return palette[run.order % palette.length]
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties)
  node.append(...children)
  return node
}

// --- Events of the server ----------------------------------------------------------------------------------------

function runOf(name) {
  if (!runs.has(name)) {
    runs.set(name, {name, count: 0, last: null, best: null, seconds: null, rows: null, detail: null, points: new Map(),
      stale: false, detailStale: false, sampleCount: 0, written: null, writtenFor: '', summary: {}, shown: true,
      order: runs.size, changed: 0})
  }
  return runs.get(name)
}

const handlers = {
  restart() {
    runs.clear()
    zoom = null
    problems.length = 0
  },
  run({run}) {
    runOf(run)
  },
  rows({run: name, count, last, best, seconds_per_epoch: seconds, changed}) {
    const run = runOf(name)
    Object.assign(run, {count, last, best, seconds, stale: true, detailStale: true, changed: Math.max(run.changed, changed)})
    readRows()
  },
  samples({run, count}) {
    runOf(run).sampleCount = count
  },
  summary(summary) {
    const run = runOf(summary.run)
    run.summary = summary
    run.changed = Math.max(run.changed, summary.changed)
  },
  problem({run, text}) {
    problems.push(`${run}: ${text}`)
  },
}

function listen() {
  const source = new EventSource('events')
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      let data
      try {
        data = JSON.parse(event.data)
      } catch {
        return // cut short, because a later event of the same kind has replaced it
      }
      handle(data)
      draw()
    })
  }
  source.addEventListener('open', () => {
    $('connection').textContent = ''
  })
  source.addEventListener('error', () => {
    $('connection').textContent = source.readyState === EventSource.CLOSED
      ? 'The server refuses; load the page again.' : 'The server is gone; waiting for it.'
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(listen, 3000)
    }
  })
}

// --- Derived values ----------------------------------------------------------------------------------------------

function secondsPerEpoch(run) {
  return run.count > 0 ? run.seconds : null
}

// The age of its files counts, not when this page heard of them. Until the first row, nobody knows how long an epoch takes.
function isSilent(run) {
  const seconds = secondsPerEpoch(run)
  return seconds !== null &&
    (Date.now() + serverAhead) / 1000 - run.changed > Math.max(QUIET_SECONDS, QUIET_FACTOR * seconds)
}

function stateOf(run) {
  const {status, resumed_after: resumed} = run.summary
  let state = status ?? (run.count > 0 ? 'without a summary' : 'nothing yet')
  if (status === 'running' && isSilent(run)) {
    state = 'silent; killed?'
  }
  return typeof resumed === 'number' ? `${state}, resumed after epoch ${resumed}` : state
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return ''
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}

function remaining(run) {
  const {last} = run
  const each = secondsPerEpoch(run)
  const {status, max_epochs: wanted} = run.summary
  return status === 'running' && last && each && wanted ? duration((wanted - last.epoch) * each) : ''
}

// A decoder has no rnn_size: its layers are as wide as its embedding.
function modelOf({cell, num_layers: layers, rnn_size: units, embedding_size: embedding, parameters}) {
  const size = units ?? embedding
  return cell && layers && size && parameters ? `${cell.toUpperCase()} ${layers} × ${size}, ${Math.round(parameters / 1000)} K` : ''
}

// --- Tables ------------------------------------------------------------------------------------------------------

function drawRuns() {
  const body = $('runs').tBodies[0]
  const known = new Map([...body.rows].map((row) => [row.dataset.run, row]))
  for (const run of runs.values()) {
    let row = known.get(run.name)
    known.delete(run.name)
    if (row === undefined) {
      const box = element('input', {type: 'checkbox', checked: run.shown})
      box.addEventListener('change', () => {
        runOf(run.name).shown = box.checked
        readRows()
        draw()
      })
      row = element('tr')
      row.dataset.run = run.name
      row.append(element('th', {scope: 'row'}, element('label', {className: 'shown'}, box,
        element('span', {className: 'swatch'}), run.name)),
      ...Array.from({length: 7}, (_, i) => element('td', {className: i > 0 && i < 6 ? 'number' : ''})))
      body.append(row)
    }
    row.querySelector('.swatch').style.background = color(run)
    const {last, best} = run
    const texts = [stateOf(run), last ? `${last.epoch}${run.summary.max_epochs ? ` of ${run.summary.max_epochs}` : ''}` : '',
      best ? `${best.epoch}` : '', best ? best.val_bits_per_char.toFixed(4) : '',
      last ? Math.round(last.chars_per_second).toLocaleString('en') : '', remaining(run), modelOf(run.summary)]
    texts.forEach((text, i) => {
      const cell = row.cells[i + 1]
      if (cell.textContent !== text) cell.textContent = text
    })
    row.cells[1].className = `state ${run.summary.status === 'running' && !isSilent(run) ? 'running' : run.summary.status === 'failed' ? 'failed' : ''}`
  }
  for (const row of known.values()) row.remove()
  $('problems').hidden = problems.length === 0
  $('problems').replaceChildren(...problems.slice(-10).map((text) => element('li', {textContent: text})))
}

function drawHeadline() {
  const running = [...runs.values()].filter((run) => run.summary.status === 'running' && !isSilent(run))
  const run = running.at(-1) ?? [...runs.values()].at(0)
  const last = run?.last
  let text = 'Waiting for the first run.'
  if (run && !last) {
    text = `${run.name}: waiting for the first epoch.`
  } else if (last) {
    const left = remaining(run)
    text = `${run.name}: ${stateOf(run)}, epoch ${last.epoch}, ${last.val_bits_per_char.toFixed(3)} bits per character` +
      (left ? `, ${left} left.` : '.')
  }
  if ($('headline').textContent !== text) $('headline').textContent = text
  document.title = last ? `${last.val_bits_per_char.toFixed(3)} · ${run.name} · Quillet` : 'Quillet'
}

function drawNumbers() {
  const table = $('numbers')
  if (!table.closest('details').open) return
  const columns = ['run', ...COLUMNS]
  table.tHead.replaceChildren(element('tr', {}, ...columns.map((name) =>
    element('th', {scope: 'col', className: name === 'run' ? '' : 'number', textContent: name}))))
  const rows = [...runs.values()].filter((run) => run.shown).flatMap((run) => [...run.points.values()].map((row) => ({run: run.name, ...row})))
  rows.sort((a, b) => b.epoch - a.epoch)
  table.tBodies[0].replaceChildren(...rows.slice(0, NUMBER_ROWS).map((row) => element('tr', {}, ...columns.map((name) =>
    element('td', {className: name === 'run' ? '' : 'number', textContent: row[name]})))))
}

// --- The graph ---------------------------------------------------------------------------------------------------

function shownRuns() {
  return [...runs.values()].filter((run) => run.shown && run.points.size > 0)
}

const COLUMNS = ['epoch', 'step', 'train_loss', 'val_loss', 'val_bits_per_char', 'learning_rate', 'chars_per_second',
  'elapsed_seconds']

// The rows of an answer by their positions on the x axis. Of N epochs there are at most two rows, which are placed at
// the beginning and in the middle: so all runs have the same positions, and each row is at most N / 2 away from its
// own.
function placesOf({stride, rows}, keep) {
  const places = new Map()
  for (const values of rows) {
    const row = Object.fromEntries(COLUMNS.map((name, i) => [name, values[i]]))
    const begin = Math.floor(row.epoch / stride) * stride
    if (keep(row.epoch)) places.set(places.has(begin) ? begin + stride / 2 : begin, row)
  }
  return places
}

function place(run) {
  const inside = (epoch) => zoom !== null && run.detail !== null && epoch >= run.detail.from && epoch <= run.detail.to
  run.points = run.rows === null ? new Map() : placesOf(run.rows, (epoch) => !inside(epoch))
  if (zoom !== null && run.detail !== null) {
    for (const [x, row] of placesOf(run.detail, () => true)) run.points.set(x, row)
  }
}

async function askRows(run, range) {
  const points = Math.ceil(Math.min(LINE_POINTS, Math.max(LINE_POINTS / 10, POINT_BUDGET / Math.max(1, runs.size))))
  const answer = await fetch(`rows?${new URLSearchParams({run: run.name, points, ...range})}`)
  return answer.ok ? {...range, ...await answer.json()} : null
}

// Requests what is drawn and has changed: a few runs at a time, repeatedly as long as there is more.
let reading = false
async function readRows() {
  if (reading) return
  reading = true
  try {
    for (;;) {
      const wanted = [...runs.values()].filter((run) => run.shown &&
        (run.stale || (zoom !== null && run.detailStale && run.rows !== null && run.rows.stride > 1))).slice(0, 6)
      if (wanted.length === 0) break
      await Promise.all(wanted.map(async (run) => {
        if (run.stale) {
          run.stale = false
          run.rows = await askRows(run, {}) ?? run.rows
        } else {
          const range = zoom
          run.detailStale = false
          run.detail = await askRows(run, range)
          if (run.detail?.stride >= run.rows.stride) run.detail = null
        }
        place(run)
      }))
      draw()
      await new Promise((done) => { setTimeout(done, 0) })
    }
  } catch {
    // The server has gone, which the events report; stale rows are requested again with their next events.
  }
  reading = false
}

let zoomTimer = 0
function setZoom(range) {
  if (range?.from === zoom?.from && range?.to === zoom?.to) return
  zoom = range
  for (const run of runs.values()) {
    run.detailStale = zoom !== null
    if (zoom === null && run.detail !== null) {
      run.detail = null
      place(run)
    }
  }
  clearTimeout(zoomTimer)
  zoomTimer = setTimeout(zoom === null ? draw : readRows, 150)
}

// An average of the earlier values with exponentially decreasing weights, without bias from an arbitrary start.
function smooth(values, share) {
  let sum = 0
  let weight = 0
  return values.map((value) => {
    if (value === null || share === 0) return value
    sum = sum * share + value * (1 - share)
    weight = weight * share + (1 - share)
    return sum / weight
  })
}

function graphData(shown) {
  const epochs = [...new Set(shown.flatMap((run) => [...run.points.keys()]))].sort((a, b) => a - b)
  const factor = $('unit').value === 'bits' ? 1 / LN2 : 1
  const share = Number($('smoothing').value)
  const data = [epochs]
  for (const run of shown) {
    for (const field of ['val_loss', 'train_loss']) {
      const values = epochs.map((epoch) => run.points.has(epoch) ? run.points.get(epoch)[field] * factor : null)
      data.push(smooth(values, share))
    }
  }
  return data
}

// Ticks where a person would put them, even if a logarithmic axis spans less than a decade.
function niceSplits(_, __, low, high) {
  const power = 10 ** Math.max(-2, Math.floor(Math.log10((high - low) / 8)))
  const step = [1, 2, 5, 10].map((size) => size * power).find((size) => (high - low) / size <= 8)
  const ticks = []
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 && ticks.length < 10; i++) ticks.push(Number((i * step).toFixed(4)))
  return ticks
}

// The last position up to an epoch.
function indexOf(epochs, epoch) {
  let low = 0
  let high = epochs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (epochs[middle] <= epoch) low = middle + 1
    else high = middle
  }
  return low - 1
}

function makeGraph(shown) {
  const host = $('graph')
  const axis = {stroke: style('--faint'), grid: {stroke: style('--rule'), width: 1}, ticks: {stroke: style('--rule'), width: 1}}
  const format = (_, value) => value === null || value === undefined ? '' : value.toFixed(4)
  const lines = shown.flatMap((run) => {
    const stroke = color(run)
    const best = (u, index, show, gaps, filtered) => {
      const at = run.best === null ? -1 : indexOf(u.data[0], run.best.epoch)
      return at >= 0 ? [at] : filtered ?? []
    }
    return [
      {label: `${run.name}, held out`, stroke, width: 2, value: format, spanGaps: true,
        points: {show: true, filter: best, size: 11, stroke, fill: style('--paper'), width: 2}},
      {label: `${run.name}, training`, stroke, width: 1.25, dash: [6, 4], value: format, spanGaps: true, points: {show: false}},
    ]
  })
  graph?.destroy()
  graph = new uPlot({
    width: host.clientWidth,
    height: Math.max(260, Math.min(460, Math.round(host.clientWidth * 0.45))),
    scales: {x: {time: false}, y: {distr: $('log').checked ? 3 : 1,
      range: (_, low, high) => {
        const room = Math.max((high - low) * 0.06, 0.005)
        return [Math.max(low - room, low * 0.5), high + room]
      }}},
    axes: [
      {...axis, label: 'epoch', labelSize: 22, incrs: Array.from({length: 45}, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3))},
      {...axis, size: 58, splits: niceSplits, filter: (_, splits) => splits,
        values: (_, ticks) => ticks.map((tick) => tick.toFixed(2))},
    ],
    series: [{label: 'epoch'}, ...lines],
    legend: {live: true},
    cursor: {drag: {x: true, y: false}, points: {size: 7}},
    hooks: {setCursor: [(u) => {
      const epoch = u.cursor.idx === null ? null : u.data[0][u.cursor.idx]
      if (epoch !== null && epoch !== undefined && u.cursor.event) {
        $('follow').checked = false
        showEpoch(epoch)
      }
    }], setScale: [(u, key) => {
      const {min, max} = u.scales.x
      const epochs = u.data[0]
      if (key === 'x' && epochs.length > 0 && Number.isFinite(min) && Number.isFinite(max)) {
        setZoom(min > epochs[0] || max < epochs.at(-1) ? {from: Math.max(0, Math.floor(min)), to: Math.max(0, Math.ceil(max))} : null)
      }
    }]},
  }, graphData(shown), host)
}

function drawGraph() {
  const shown = shownRuns()
  if (uPlot === null) {
    $('graph').replaceChildren(element('p', {className: 'note', textContent:
      'The graph needs uPlot, which was not installed when quillet was built: run tools/bootstrap web, and build again. ' +
      'Until then the table below has the numbers.'}))
    return
  }
  const key = JSON.stringify([shown.map((run) => run.name), $('log').checked, $('unit').value, darkness.matches])
  if (shown.length === 0) {
    graph?.destroy()
    graph = null
  } else if (key !== graphKey || graph === null) {
    makeGraph(shown)
  } else {
    graph.setData(graphData(shown), zoom === null)
  }
  graphKey = key
}

async function readServer() {
  const answer = await fetch('guards')
  const date = Date.parse(answer.headers.get('Date'))
  serverAhead = Number.isNaN(date) ? 0 : date - Date.now()
  language = (answer.ok ? (await answer.json()).language : '') ?? ''
}

// A model's text: each line has the direction of its first letter, and a language attribute, "" if not known.
function foreign(className, textContent) {
  return element('p', {className, textContent, dir: 'auto', lang: language})
}

// --- The epoch under the cursor ----------------------------------------------------------------------------------

function drawWritten() {
  const columns = shownRuns().filter((run) => run.written !== null).map((run) =>
    element('div', {}, element('h3', {textContent: `${run.name}, epoch ${run.written.epoch}`}),
      foreign('text', run.written.text)))
  const text = columns.length === 0 ? [element('p', {className: 'note', textContent: 'No samples yet.'})] : columns
  const before = $('written').textContent
  if (before !== text.map((node) => node.textContent).join('')) $('written').replaceChildren(...text)
}

// Requests the samples of the epoch under the cursor, if it has moved or a run has written more.
let writtenTimer = 0
let readingWritten = false
async function readWritten() {
  if (readingWritten) return
  readingWritten = true
  try {
    for (;;) {
      const key = (run) => `${cursorEpoch} ${cursorEpoch === null || cursorEpoch >= (run.last?.epoch ?? 0) ? run.sampleCount : ''}`
      const wanted = shownRuns().filter((run) => run.sampleCount > 0 && run.writtenFor !== key(run)).slice(0, 6)
      if (wanted.length === 0) break
      await Promise.all(wanted.map(async (run) => {
        run.writtenFor = key(run)
        const epoch = cursorEpoch === null ? {} : {epoch: Math.floor(cursorEpoch)}
        const answer = await fetch(`written?${new URLSearchParams({run: run.name, ...epoch})}`)
        run.written = answer.ok ? await answer.json() : null
      }))
      drawWritten()
    }
  } catch {
    // As in readRows.
  }
  readingWritten = false
}

function showEpoch(epoch) {
  cursorEpoch = epoch
  $('epoch').value = epoch
  $('epoch').setAttribute('aria-valuetext', describeEpoch(epoch))
  $('epoch_value').textContent = epoch
  drawWritten()
  clearTimeout(writtenTimer)
  writtenTimer = setTimeout(readWritten, 60)
}

function describeEpoch(epoch) {
  const place = graph === null ? epoch : graph.data[0][indexOf(graph.data[0], epoch)]
  const losses = shownRuns().filter((run) => run.points.has(place))
    .map((run) => `${run.name} ${run.points.get(place).val_bits_per_char.toFixed(3)} bits`)
  return `epoch ${epoch}: ${losses.join(', ')}`
}

function moveCursor(epoch) {
  showEpoch(epoch)
  if (graph !== null) {
    const index = indexOf(graph.data[0], epoch)
    if (index >= 0) {
      const left = graph.valToPos(graph.data[0][index], 'x')
      const value = graph.data[1][index]
      graph.setCursor({left, top: value === null ? 0 : graph.valToPos(value, 'y')}, false)
      graph.setLegend({idx: index}, false)
    }
  }
}

function drawEpochs() {
  const shown = shownRuns()
  const newest = shown.reduce((most, run) => Math.max(most, run.last.epoch), 1)
  $('epoch').max = newest
  $('epoch').disabled = shown.length === 0
  if (shown.length === 0) {
    $('epoch_value').textContent = 'none'
    drawWritten()
  } else {
    moveCursor($('follow').checked || cursorEpoch === null ? newest : Math.min(cursorEpoch, newest))
  }
}

// Events arrive in bursts; a burst is drawn once.
function draw() {
  if (drawPending) return
  drawPending = true
  requestAnimationFrame(() => {
    drawPending = false
    drawRuns()
    drawHeadline()
    drawGraph()
    drawEpochs()
    drawNumbers()
    drawChoices()
    showRuns(runs)
  })
}

// --- Samples -----------------------------------------------------------------------------------------------------

function setOptions(select, values) {
  const before = select.value
  if ([...select.options].map((option) => option.value).join('\n') === values.map(([value]) => value).join('\n')) return
  select.replaceChildren(...values.map(([value, text]) => element('option', {value, textContent: text})))
  if (values.some(([value]) => value === before)) select.value = before
}

let checkpointsOf = '' // the run for which the choices were requested, and when
let epochChosen = false

async function drawChoices() {
  setOptions($('sample_run'), [...runs.keys()].map((name) => [name, name]))
  const run = runs.get($('sample_run').value)
  if (run === undefined) return
  const key = `${run.name} ${run.count} ${run.summary.epochs}`
  if (key === checkpointsOf) return
  checkpointsOf = key
  try {
    const answer = await fetch(`checkpoints?run=${encodeURIComponent(run.name)}`)
    const epochs = answer.ok ? await answer.json() : []
    const best = run.best?.epoch
    setOptions($('sample_epoch'), epochs.toReversed().map((epoch) => [`${epoch}`, epoch === best ? `${epoch}, best` : `${epoch}`]))
    if (!epochChosen && epochs.includes(best)) $('sample_epoch').value = `${best}`
  } catch {
    checkpointsOf = ''
  }
}

let asked = null // the request in progress

function columnsWanted() {
  const shift = Number($('shift').value)
  const numbers = $('temperatures').value.split(',').map((text) => text.trim()).filter((text) => text !== '').map(Number)
  if (numbers.length === 0 || numbers.length > 8 || numbers.some((number) => !(number >= 0 && number <= 100))) return null
  return numbers.map((number) => Math.max(0, Number((number + shift).toFixed(3))))
}

async function writeColumn(query, text, signal) {
  const answer = await fetch(`sample?${query}`, {signal})
  if (!answer.ok) throw new Error((await answer.text()).trim())
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  text.textContent = ''
  text.classList.remove('waiting')
  for (;;) {
    const {done, value} = await reader.read()
    if (done) return
    text.append(value)
  }
}

// A word, quoted so that a shell reads exactly this word: the name of a folder can contain anything. Control
// characters, which a terminal would obey when they are pasted, become question marks.
function shellWord(word) {
  const harmless = word.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?')
  return /^[\w./,=:+@%-]+$/.test(harmless) && !harmless.startsWith('-') ? harmless : `'${harmless.replaceAll("'", "'\\''")}'`
}

async function ask() {
  const temperatures = columnsWanted()
  const run = $('sample_run').value
  const epoch = $('sample_epoch').value
  asked?.abort()
  if (temperatures === null) {
    $('sample_message').textContent = 'Temperatures are up to eight numbers from 0 to 100, with commas between them.'
    return
  }
  if (run === '' || epoch === '') {
    $('sample_message').textContent = 'There is no checkpoint yet.'
    return
  }
  asked = new AbortController()
  const {signal} = asked
  $('sample_message').textContent = 'Writing…'
  const texts = temperatures.map(() => foreign('text waiting', '…'))
  $('columns').replaceChildren(...temperatures.map((temperature, i) =>
    element('div', {}, element('h3', {textContent: `t = ${temperature}`}), texts[i])))
  const settings = (temperature) => new URLSearchParams({run, epoch, temperature, top_p: $('top_p').value,
    top_k: $('top_k').value, seed: $('seed').value, length: $('length').value})
  $('command').hidden = false
  const checkpoint = shellWord(`${run}/checkpoint.${epoch}.safetensors`)
  $('command').querySelector('code').textContent = `quillet predict --init-from ${checkpoint} ` +
    `--temperature ${temperatures[0]} --top-p ${$('top_p').value} --top-k ${$('top_k').value} --seed ${$('seed').value} ` +
    `--generate ${$('length').value}`
  try {
    for (let i = 0; i < temperatures.length; i++) await writeColumn(settings(temperatures[i]), texts[i], signal)
    $('sample_message').textContent = `${run}, epoch ${epoch}: ${temperatures.length} columns.`
  } catch (error) {
    if (!signal.aborted) $('sample_message').textContent = error.message
  }
}

let askTimer = 0
function askSoon() {
  clearTimeout(askTimer)
  if ($('columns').childElementCount > 0) askTimer = setTimeout(ask, 250)
}

function wireControls() {
  for (const id of ['unit', 'log', 'smoothing']) $(id).addEventListener('input', () => { graphKey = ''; draw() })
  $('smoothing').addEventListener('input', () => { $('smoothing_value').textContent = $('smoothing').value })
  $('epoch').addEventListener('input', () => {
    $('follow').checked = false
    moveCursor(Number($('epoch').value))
  })
  $('follow').addEventListener('change', draw)
  $('numbers').closest('details').addEventListener('toggle', drawNumbers)
  $('sample_run').addEventListener('change', () => { epochChosen = false; checkpointsOf = ''; drawChoices() })
  $('sample_epoch').addEventListener('change', () => { epochChosen = true; askSoon() })
  const off = {
    shift: (value) => `${value < 0 ? '−' : '+'}${Math.abs(value)}`,
    top_p: (value) => value === 1 ? 'off' : `${value}`,
    top_k: (value) => value === 0 ? 'off' : `${value}`,
  }
  for (const [id, format] of Object.entries(off)) {
    $(id).addEventListener('input', () => { $(`${id}_value`).textContent = format(Number($(id).value)); askSoon() })
  }
  $('next_seed').addEventListener('click', () => {
    $('seed').value = (Number($('seed').value) + 1) % 4294967296
    ask()
  })
  $('ask').addEventListener('submit', (event) => { event.preventDefault(); ask() })
  darkness.addEventListener('change', () => { graphKey = ''; draw() })
  new ResizeObserver(() => {
    if (graph !== null && $('graph').clientWidth > 0 && graph.width !== $('graph').clientWidth) { graphKey = ''; draw() }
  }).observe($('graph'))
  setInterval(() => { drawRuns(); drawHeadline() }, 5000)
}

try {
  uPlot = (await import('./uPlot.esm.js')).default
} catch {
  uPlot = null
}
wireControls()
await readServer().catch(() => {}) // the page itself reports if the server is away
listen()
draw()
