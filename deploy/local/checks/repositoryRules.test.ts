import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Variable, variables } from "../../server/variables.ts"
import { projectFolder } from "../folders.ts"
import { isOfTests, lineAt, readSourceTree, type SyntaxNode, topFolders, walk } from "./sourceTree.ts"

const files = readSourceTree()
const fileLines_max = 300
const functionLines_max = 70
const readmeLines_max = 25

/** Where a node of that kind stands, as `file:line`. */
const placesOf = (isMeant: (node: SyntaxNode) => boolean): ReadonlyArray<string> =>
  files.flatMap(({ path, text, tree }) => {
    const places: Array<string> = []
    walk(tree, (node) => {
      if (isMeant(node)) places.push(`${path}:${lineAt(text, node.start)}`)
    })
    return places
  })

test("a file above 300 lines says at its top why it is that long", () => {
  const unexplained = files.filter(({ lines, comments }) => {
    const top = comments[0]
    return lines > fileLines_max && !(top !== undefined && top.start < 200 && /\blong\b/.test(top.value))
  })
  expect(unexplained.map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([])
})

test("functions have at most 70 lines", () => {
  const tooLong: Array<string> = []
  for (const { path, text, tree } of files) {
    if (isOfTests(path)) continue
    walk(tree, ({ type, start, end }) => {
      const isFunction = type === "ArrowFunctionExpression" || type === "FunctionExpression" || type === "FunctionDeclaration"
      const lines = isFunction ? lineAt(text, end) - lineAt(text, start) + 1 : 0
      if (lines > functionLines_max) tooLong.push(`${path}:${lineAt(text, start)}: ${lines} lines`)
    })
  }
  expect(tooLong).toEqual([])
})

test("no type is `any`", () => {
  expect(placesOf(({ type }) => type === "TSAnyKeyword")).toEqual([])
})

test("nothing is asserted not to be null", () => {
  expect(placesOf(({ type, definite }) => type === "TSNonNullExpression" || definite === true)).toEqual([])
})

test("no comment switches a check off", () => {
  const switches = /@ts-(ignore|expect-error|nocheck)|(eslint|oxlint|biome)-(disable|ignore)/
  expect(files.flatMap(({ path, comments }) => comments.filter(({ value }) => switches.test(value)).map(() => path))).toEqual([])
})

test("no file is a drawer for odds and ends", () => {
  expect(files.map(({ path }) => path).filter((path) => /(^|\/)(utils?|common|helpers?|misc)(\.|\/)/i.test(path))).toEqual([])
})

test("every folder at the top begins with a README of at most 25 lines", () => {
  for (const folder of topFolders) {
    const readme = join(projectFolder, folder, "README.md")
    expect(existsSync(readme), `${folder}/README.md`).toBe(true)
    expect(readFileSync(readme, "utf8").trimEnd().split("\n").length, `${folder}/README.md`).toBeLessThanOrEqual(readmeLines_max)
  }
})

test("the README's configuration table lists exactly the variables that the platform reads, with their defaults, limits and meanings", () => {
  const readme = readFileSync(join(projectFolder, "README.md"), "utf8")
  const section = readme.slice(readme.indexOf("## Configuration")).split(/\n## /)[0] ?? ""
  const rows = section.split("\n").filter((line) => line.startsWith("| `"))
  const cell = (standard: string): string => (standard === "" || /[` ]/.test(standard) ? standard : `\`${standard}\``)
  const span = (range: Variable<unknown>["range"]): string => (range === undefined ? "" : `${range[0]} – ${range[1]}`)
  expect(rows).toEqual(Object.values(variables).map(({ name, standard, range, meaning }: Variable<unknown>) => `| \`${name}\` | ${cell(standard)} | ${span(range)} | ${meaning} |`))
})
