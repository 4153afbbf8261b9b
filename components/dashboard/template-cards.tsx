import { useId } from 'react'
import { cx } from '#components/ui/cx.ts'
import { TemplateIcon } from '#components/ui/template-icon.tsx'
import type { TemplateView } from '#server/repls/views.ts'

interface TemplateCardsProps {
  templates: TemplateView[]
  chosen: string
  onChoose: (template: string) => void
  /** A double click: chosen, and that is all. */
  onConfirm: (template: string) => void
}

/** The templates as a group of radio buttons that look like cards. What cannot run here says what it lacks. */
export function TemplateCards({ templates, chosen, onChoose, onConfirm }: TemplateCardsProps) {
  const id = useId()
  return (
    <fieldset className="grid gap-2 sm:grid-cols-2">
      <legend className="sr-only">Template</legend>
      {templates.map((template) => (
        <label
          key={template.key}
          className={cx(
            'relative flex select-none gap-3 rounded-md border border-control p-3 transition-colors',
            'has-checked:border-focus has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus',
            template.available ? 'cursor-pointer hover:bg-hover' : 'cursor-not-allowed bg-panel',
          )}
        >
          <input
            type="radio"
            name={id}
            value={template.key}
            checked={template.key === chosen}
            data-autofocus={template.key === chosen || undefined}
            disabled={!template.available}
            aria-describedby={`${id}-${template.key}`}
            onChange={() => onChoose(template.key)}
            onDoubleClick={() => onConfirm(template.key)}
            className="absolute inset-0 cursor-[inherit] opacity-0"
          />
          <TemplateIcon template={template.icon} className={template.available ? 'bg-raised' : 'opacity-50'} />
          <span className="min-w-0">
            <span className={cx('block text-sm font-medium', template.available ? 'text-text' : 'text-muted')}>
              {template.title}
            </span>
            <span id={`${id}-${template.key}`} className="block text-xs text-muted">
              {template.available ? template.description : `Not available here. ${template.install ?? ''}`}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
