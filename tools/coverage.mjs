// Adds up gcov's results for all object files: one JSON document per line on standard input.
// Uses: Node. Argument: the root of the sources.
import {createInterface} from 'node:readline'
import {relative} from 'node:path'

const root = process.argv[2]
const FOLDERS = /^(src\/[a-z_]+|device|reference|firmware)\//
const LEAST = 15 // number of files that are named

// By file: lines by their number (how often they ran), branches by line and place.
const files = new Map()

function add(map, key, count) {
  map.set(key, (map.get(key) ?? 0) + count)
}

for await (const line of createInterface({input: process.stdin})) {
  if (line === '') continue
  const {files: reported, current_working_directory: folder} = JSON.parse(line)
  for (const {file, lines} of reported) {
    const name = relative(root, file.startsWith('/') ? file : `${folder}/${file}`)
    if (!FOLDERS.test(name)) continue
    if (!files.has(name)) files.set(name, {lines: new Map(), branches: new Map()})
    const known = files.get(name)
    for (const {line_number: number, count, branches} of lines) {
      add(known.lines, number, count)
      branches.forEach((branch, i) => { if (!branch.throw) add(known.branches, `${number}.${i}`, branch.count) })
    }
  }
}

const ran = (map) => [...map.values()].filter((count) => count > 0).length
const share = (some, all) => all === 0 ? '-' : `${(100 * some / all).toFixed(1)} %`
const folders = new Map()
const total = [0, 0, 0, 0]
for (const [name, {lines, branches}] of files) {
  const folder = FOLDERS.exec(name)[1]
  if (!folders.has(folder)) folders.set(folder, [0, 0, 0, 0])
  const numbers = [ran(lines), lines.size, ran(branches), branches.size]
  numbers.forEach((number, i) => {
    folders.get(folder)[i] += number
    total[i] += number
  })
}
const print = (name, [lines, allLines, branches, allBranches]) => console.log(
  `| ${name} | ${share(lines, allLines)} of ${allLines} | ${share(branches, allBranches)} of ${allBranches} |`)
console.log('| folder | lines | branches |\n| --- | --- | --- |')
for (const [name, numbers] of [...folders].sort()) print(name, numbers)
print('all', total)
console.log('\nLeast of these files ran:')
const least = [...files].map(([name, {lines}]) => ({name, missing: lines.size - ran(lines), all: lines.size}))
  .sort((a, b) => b.missing - a.missing).slice(0, LEAST)
for (const {name, missing, all} of least) console.log(`  ${name}: ${missing} of ${all} lines did not run`)
