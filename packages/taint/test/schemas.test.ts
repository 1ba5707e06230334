import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { analyzeFiles } from '../src/index.ts'

// Why: none of these libraries is installed here, so they are no folders of `flow`, which the compiler checks.
const folder = mkdtempSync(join(tmpdir(), 'taint-schemas-'))
after(() => rmSync(folder, { recursive: true }))

const head = `
/** @tainted */
function source() { return 'x' }
function sink(/** @sensitive */ _value) {}
const input = () => JSON.parse(source())
`

/** Each lets a number and a choice through to the sink, and is to be flagged for the one text. */
const programs: Readonly<Record<string, string>> = {
  zod: `
import { z } from 'zod'
const Item = z.object({ id: z.number().int().min(1), note: z.string() })
const Order = z.object({ kind: z.enum(['a', 'b']), by: z.uuid(), items: z.array(Item), name: z.string() })

function fields() {
  const order = Order.parse(input())
  sink(order.kind)
  sink(order.by)
  sink(order.name) // flagged
  for (const item of order.items) {
    sink(item.id)
    sink(item.note) // flagged
  }
}

function outcomes() {
  const result = Order.safeParse(input())
  if (!result.success) return
  sink(result.data.kind)
  sink(result.data.name) // flagged
}

function chains() {
  const Wide = Item.extend({ size: z.coerce.number().optional(), label: z.string().trim() })
  const wide = Wide.partial().parse(input())
  sink(wide.id)
  sink(wide.size)
  sink(wide.label) // flagged
  const open = z.looseObject({ id: z.number() }).parse(input())
  sink(open['other']) // flagged
  sink(z.union([z.number(), z.literal('all')]).parse(source()))
  sink(z.union([z.number(), z.string()]).parse(source())) // flagged
}`,
  joi: `
import Joi from 'joi'
const schema = Joi.object({ id: Joi.number().required(), kind: Joi.string().valid('a', 'b'), name: Joi.string() })
  .append({ list: Joi.array().items(Joi.number()) })
const { value, error } = schema.validate(input())
sink(value.id)
sink(value.kind)
sink(value.list[0])
sink(value.name) // flagged`,
  yup: `
import * as yup from 'yup'
const schema = yup.object({ id: yup.number().integer(), kind: yup.string().oneOf(['a', 'b']), name: yup.string() })
const value = await schema.validate(input())
sink(value.id)
sink(value.kind)
sink(value.name) // flagged`,
  valibot: `
import * as v from 'valibot'
const Schema = v.object({ id: v.pipe(v.number(), v.integer()), kind: v.picklist(['a', 'b']), name: v.string() })
const { id, kind, name } = v.parse(Schema, input())
sink(id)
sink(kind)
sink(name) // flagged
sink(v.safeParse(Schema, input()).output.id)`,
  typebox: `
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
const Kind = Type.Union([Type.Literal('a'), Type.Literal('b')])
const Schema = Type.Object({ id: Type.Optional(Type.Integer()), kind: Kind, name: Type.String() })
const value = Value.Parse(Schema, input())
sink(value.id)
sink(value.kind)
sink(value.name) // flagged`,
  'class-validator': `
import { plainToInstance } from 'class-transformer'
import { IsInt, IsIn, IsString, validateOrReject } from 'class-validator'
class Base { @IsInt() id }
class Order extends Base { @IsIn(['a', 'b']) kind; @IsString() name }
const order = plainToInstance(Order, input())
sink(order.id) // flagged
await validateOrReject(order)
sink(order.id)
sink(order.kind)
sink(order.name) // flagged`,
  ajv: `
import Ajv from 'ajv'
function find(/** @sensitive nosql */ _filter) {}
const validate = new Ajv().compile({ type: 'object', properties: { name: { type: 'string' } } })
const data = input()
find(data) // flagged
if (validate(data)) find(data)`,
}

for (const [library, program] of Object.entries(programs)) {
  test(`${library}: what its schemas let through of text is flagged, and nothing else`, () => {
    const text = head + program
    const file = join(folder, `${library}.mjs`)
    writeFileSync(file, text)
    const flagged = text.split('\n').flatMap((line, at) => (line.endsWith('// flagged') ? [at + 1] : []))
    const { findings } = analyzeFiles({ cwd: folder, files: [file] })
    assert.deepEqual(
      findings.map(({ line }) => line),
      flagged,
    )
  })
}
