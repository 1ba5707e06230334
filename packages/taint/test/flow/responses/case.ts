import { createServer } from 'node:http'

createServer((request, response) => {
  response.setHeader('content-type', 'text/plain')
  response.end(request.url)
})

createServer((request, response) => {
  response.setHeader('content-type', 'text/html')
  response.end(request.url) // flags: html
})

createServer((request, response) => {
  response.end(request.url) // flags: html
})

createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(request.url)
})

createServer((request, response) => {
  response.writeHead(200, 'OK', { 'content-type': 'text/plain' }).end(request.url)
})

createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(request.url) // flags: html
})

createServer((request, response) => {
  response.writeHead(404).end(request.url) // flags: html
})

createServer((request, response) => {
  const size = Number(request.headers['x-size'])
  response.end(Buffer.alloc(size)) // flags: resource
  if (size < 100) response.end(Buffer.alloc(size))
})

export function page(body: Request): Response {
  const headers = { 'content-type': 'text/html' }
  return new Response(body.url, { headers }) // flags: html
}

export function plain(body: Request): Response {
  return new Response(body.url, { headers: { 'content-type': 'text/plain' } })
}
