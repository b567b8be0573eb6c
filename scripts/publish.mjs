// `npm run publish:package`: builds the release and publishes the package, or shows what would be published.
import { build } from './build.mjs'
import { fail, run } from './lib.mjs'
import { sizeGate } from './size-gate.mjs'
import { repositoryAddress, stagePackage } from './stage-package.mjs'

const HELP = `npm run publish:package [-- --dry-run] [-- --tag NAME]

Builds the release, checks the sizes of what a page downloads, and publishes the package to npm, as what target/npm then holds.
The version is that of pkg/package.json; the addresses of the repository, its page and its issues come from "repository" in the
package.json at the top of the repository, which has to be filled in first.

  --dry-run     everything but the publishing: lists the files
  --tag NAME    npm's tag, such as next (default: latest)

Run "npm test" and "npm run test:package" before. Provenance, which package.json asks for, needs a workflow that may get an
identity token; elsewhere: npm publish target/npm --no-provenance`

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}
const isTrial = args.includes('--dry-run')
const tag = args.includes('--tag') ? args[args.indexOf('--tag') + 1] : 'latest'
const unknown = args.filter((arg) => !['--dry-run', '--tag', tag].includes(arg))
if (unknown.length > 0) fail(`${unknown[0]} is not known. See: npm run publish:package -- --help`)
if (!/^[a-z][\w.-]*$/.test(tag ?? '')) fail('--tag needs a name, such as next.')
const { address, isPlaceholder } = repositoryAddress()
if (isPlaceholder && !isTrial) fail(`The repository's address is "${address}". Write the real one in "repository" of package.json, then publish.`)

await build()
sizeGate()
run('npm', ['publish', stagePackage(), '--tag', tag, ...(isTrial ? ['--dry-run'] : [])])
