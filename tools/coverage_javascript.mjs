// Says which share of the lines and functions of web/ and emulator/ ran, and in which files most lines did not: from the
// files that Node leaves in the folder of NODE_V8_COVERAGE, of all processes together. What a browser runs is not in them.
// Uses: Node. Arguments: the root of the sources, that folder.

import {existsSync, readFileSync, readdirSync} from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const [root, folder] = process.argv.slice(2)
const WORST = 8 // files that are named

const files = new Map() // by path: {text, ran: which characters, functions: name and place -> whether it was called}

function fileOf(url) {
  const place = url.startsWith('file://') ? path.relative(root, fileURLToPath(url)) : ''
  if (!/^(web|emulator)\//.test(place) || place.includes('node_modules') || place.endsWith('.test.js')) {
    return undefined
  }
  if (!files.has(place)) {
    const text = readFileSync(path.join(root, place), 'utf8')
    files.set(place, {text, ran: new Uint8Array(text.length), functions: new Map()})
  }
  return files.get(place)
}

// A range within another one says more precisely what ran.
function addProcess(file, functions) {
  const ranges = functions.flatMap((entry) => entry.ranges)
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  const ran = new Uint8Array(file.text.length)
  for (const {startOffset, endOffset, count} of ranges) {
    ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  ran.forEach((value, place) => { file.ran[place] |= value })
  for (const {functionName, ranges: [{startOffset, count}]} of functions) {
    const key = `${functionName} ${startOffset}`
    file.functions.set(key, file.functions.get(key) === true || count > 0)
  }
}

// A line counts with its first character, unless it is empty or a comment.
function countLines({text, ran}) {
  let place = 0, all = 0, covered = 0
  for (const line of text.split('\n')) {
    const first = line.search(/\S/)
    if (first >= 0 && !line.startsWith('//', first)) {
      all++
      covered += ran[place + first]
    }
    place += line.length + 1
  }
  return {all, covered}
}

for (const name of existsSync(folder) ? readdirSync(folder) : []) {
  for (const {url, functions} of JSON.parse(readFileSync(path.join(folder, name), 'utf8')).result) {
    const file = fileOf(url)
    if (file !== undefined) {
      addProcess(file, functions)
    }
  }
}

const percent = (part, all) => `${(100 * part / Math.max(all, 1)).toFixed(1)} % of ${all}`
const rows = new Map()
const worst = []
for (const [place, file] of files) {
  const lines = countLines(file)
  const called = [...file.functions.values()]
  for (const key of [path.dirname(place), 'all']) {
    const row = rows.get(key) ?? {lines: 0, covered: 0, functions: 0, called: 0}
    row.lines += lines.all
    row.covered += lines.covered
    row.functions += called.length
    row.called += called.filter(Boolean).length
    rows.set(key, row)
  }
  worst.push({place, missed: lines.all - lines.covered, all: lines.all})
}
console.log('| folder | lines | functions |\n| --- | --- | --- |')
for (const key of [...rows.keys()].sort((a, b) => (a === 'all') - (b === 'all') || (a < b ? -1 : 1))) {
  const row = rows.get(key)
  console.log(`| ${key} | ${percent(row.covered, row.lines)} | ${percent(row.called, row.functions)} |`)
}
console.log('\nFiles of which most lines did not run:')
for (const {place, missed, all} of worst.sort((a, b) => b.missed - a.missed).slice(0, WORST)) {
  console.log(`${String(missed).padStart(6)} of ${all}  ${place}`)
}
