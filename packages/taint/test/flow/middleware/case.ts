import express from 'express'
import { sink } from '../kit.ts'

interface Found {
  user?: unknown
  kind?: string
}

const app = express()

app.use((req: express.Request & Found, _res, next) => {
  req.user = req.headers['x-user']
  req.kind = 'safe'
  next()
})

app.get(
  '/users/:id',
  (req, res, next) => {
    res.locals['id'] = req.params['id']
    next()
  },
  (req: express.Request & Found, res) => {
    sink(res.locals['id']) // flags: any
    sink(req.user) // flags: any
    sink(req.kind)
    res.end()
  },
)
