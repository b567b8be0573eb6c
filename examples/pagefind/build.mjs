// Stands for a site generator: the pages, and the package beside them.
import { cpSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
cpSync('site', 'dist', { recursive: true })
cpSync('node_modules/secondpass/dist', 'dist/secondpass', { recursive: true })
