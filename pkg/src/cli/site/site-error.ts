// The error of a file that cannot be indexed: which one, why, and what to do.
import { SecondpassError } from '../package.js'

export const badFile = (file: string, reason: string) => new SecondpassError('invalid_request', 400, `${file}: ${reason}`)
