/** What a language is to this machine: names and marks, no code. One file a language; `index.ts` has the list. */

export interface Language {
  /** stable key: used in RunTarget, in tests and in style names */
  readonly id: string
  /** as people write it */
  readonly name: string
  /** key of the interpreter in the runtime registry; null where the program itself is the .wasm */
  readonly runtime: string | null
  /** version that runs when a project does not ask for one; null where there is no interpreter */
  readonly version: string | null
  /** the name to spawn; null where the path of the program is the command */
  readonly command: string | null
  /** arguments after the command; '{entry}' stands for the file to run, relative to the working directory */
  readonly argv: readonly string[]
  /** with the dot, lower case */
  readonly extensions: readonly string[]
  /** files whose presence says that a folder is a project of this language */
  readonly markers: readonly string[]
  /** names of files that are run without being asked for, best first */
  readonly entries: readonly string[]
  /** how to make something that runs from sources; null where sources run as they are */
  readonly build: string | null
}
