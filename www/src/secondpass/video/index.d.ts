// Types only: the build puts the package's own files into this folder of the site.
export * from '../../../../pkg/src/video/index.js'
