// Names that exist at run time and that TypeScript's DOM library does not declare.

/** The version of the package, put in by the build. */
declare const VERSION: string

interface NetworkInformation {
  readonly saveData?: boolean
}

interface Navigator {
  /** Chromium only. */
  readonly connection?: NetworkInformation
  /** Chromium only: memory in GB, rounded. */
  readonly deviceMemory?: number
}
