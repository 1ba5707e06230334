// Loaded before a program, it has every `graphql` mean graphql 17.
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, nextResolve) {
    const meant = /^graphql(\/|$)/.test(specifier) ? specifier.replace('graphql', 'graphql-17') : specifier
    return nextResolve(meant, context)
  },
})
