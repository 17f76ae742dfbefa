/** Our own source files, parsed: what the checks of the repository's rules read. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { parseSync } from "vite"
import { projectFolder } from "../folders.ts"

/** The folders at the top that hold source. */
export const topFolders = ["proto", "runtime", "actors", "edge", "web", "deploy", "e2e", "bench"] as const

/** Anything in a syntax tree (ESTree with TypeScript's nodes). */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** One file. */
export interface SourceFile {
  /** From the top of the repository. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly comments: ReadonlyArray<{ readonly value: string; readonly start: number }>
  readonly tree: SyntaxNode
  /** Files of ours that it imports, types included, from the top of the repository. */
  readonly imports: ReadonlyArray<string>
}

const isSource = (name: string): boolean => /\.tsx?$/.test(name) && !name.endsWith(".d.ts")

const isOurs = (path: string): boolean => !/(^|\/)(node_modules|dist|gen)(\/|$)/.test(path)

const listFiles = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && isSource(entry.name))
      .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
      .filter(isOurs)
    : []

const isNode = (value: unknown): value is SyntaxNode => typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** Visits every node of a tree, outermost first. */
export const walk = (node: SyntaxNode, visit: (node: SyntaxNode) => void): void => {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit)
  }
}

const importsOf = (tree: SyntaxNode): ReadonlyArray<string> => {
  const found: Array<string> = []
  walk(tree, ({ type, source }) => {
    const isImport = ["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression", "TSImportType"].includes(type)
    if (isImport && isNode(source) && typeof source["value"] === "string") found.push(source["value"])
  })
  return found
}

const readSource = (path: string): SourceFile => {
  const text = readFileSync(join(projectFolder, path), "utf8")
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message ?? "not to be parsed"}`)
  const tree = program as unknown as SyntaxNode
  const imports = importsOf(tree).filter((name) => name.startsWith(".")).map((name) => join(dirname(path), name))
  return { path, text, lines: text.trimEnd().split("\n").length, comments, tree, imports }
}

/** Every source file of ours, generated ones left out. */
export const readSourceTree = (): ReadonlyArray<SourceFile> =>
  [...topFolders.flatMap((folder) => listFiles(join(projectFolder, folder))), "vitest.config.ts"].sort().map(readSource)

/** Whether a file is a test or belongs to one. */
export const isOfTests = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.includes("/testing/")

/** Line of a position in a text, from 1. */
export const lineAt = (text: string, position: number): number => text.slice(0, position).split("\n").length
