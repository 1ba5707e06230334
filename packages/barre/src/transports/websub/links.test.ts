import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linkHeader, linksMax, readLinkElements, readLinkHeader } from './links.ts'

const [hub, self] = ['https://hub.example/', 'https://a.example/feed']
const both = { hubs: [hub], self: [self] }
const none = { hubs: [], self: [] }

describe('readLinkHeader', () => {
  const headers: readonly (readonly [string, object])[] = [
    [linkHeader(self, [hub]), both],
    [`<${hub}>;rel=hub,<${self}>;rel=self`, both],
    [`<${hub}>; title="a, <b>; rel=self"; REL="next HUB", <${self}>; rel="self"`, both],
    [`<${hub}>; rel=hub; rel=self`, { hubs: [hub], self: [] }],
    [`<${hub}>; rel=github`, none],
    ['', none],
    ['no link', none],
    [`<${hub}`, none],
  ]
  for (const [header, links] of headers) {
    it(`reads ${header || 'nothing'}`, () => assert.deepEqual(readLinkHeader(header), links))
  }

  it(`reads ${linksMax} links and no more`, () => {
    const many = Array.from({ length: linksMax + 1 }, () => `<${hub}>; rel=hub`).join(', ')
    assert.equal(readLinkHeader(many).hubs.length, linksMax)
  })
})

describe('readLinkElements', () => {
  const link = `<link rel="hub" href="${hub}">`
  const other = '<link rel=hub href=https://evil.example/>'
  const texts: readonly (readonly ['html' | 'xml', string, object])[] = [
    ['html', `<head>${link}<link href='${self}' rel='self' /></head>`, both],
    ['html', `<LINK HREF=${hub} REL="preload Hub">`, { hubs: [hub], self: [] }],
    [
      'html',
      `<link rel=hub href="https://hub.example/?a&amp;b">`,
      { hubs: ['https://hub.example/?a&b'], self: [] },
    ],
    ['html', `<body>${other}`, none],
    ['html', `<!-- ${other} -->${link}`, { hubs: [hub], self: [] }],
    ['html', `<!-- ${other}`, none],
    ['html', `<script>"${other}"</script>${link}`, { hubs: [hub], self: [] }],
    ['html', `<title>${other}</title >`, none],
    ['html', `<template>${other}`, none],
    ['html', '<link rel=hub>', none],
    ['html', `<linkage rel=hub href=${hub}>`, none],
    ['xml', `<feed><link rel="hub" href="${hub}"/><entry>${other}</entry></feed>`, { hubs: [hub], self: [] }],
    ['xml', `<rss><channel><atom:link rel="self" href="${self}"/><item>${other}`, { hubs: [], self: [self] }],
    ['xml', `<feed><title><![CDATA[${other}]]></title></feed>`, none],
  ]
  for (const [kind, text, links] of texts) {
    it(`reads ${kind} ${text}`, () => assert.deepEqual(readLinkElements(text, kind), links))
  }

  it('reads half a megabyte of anything at once', () => {
    for (const part of [
      '<',
      '<link ',
      '<link a="',
      '<!--',
      '<script>',
      '<link rel=x href="',
      "<link a='b ",
    ]) {
      readLinkElements(part.repeat(524_288 / part.length), 'html')
    }
  })
})
