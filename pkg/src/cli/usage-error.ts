// Arguments that are not understood: exit status 2, as in the native command.
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
