'use client'

import { Fragment, useEffect } from 'react'
import { Group, Panel } from 'react-resizable-panels'
import { PanelHandle } from '../panel-handle.tsx'
import { useIsPhone } from '../use-is-phone.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { EditorGroup } from './editor-group.tsx'
import { useEditorWidget } from './use-editor-widget.ts'
import { panelId, useGroupSizes } from './use-group-sizes.ts'

/** Groups of tabs side by side, each over the file that it shows. A phone shows the active one. */
export function EditorArea() {
  const { tabs } = useWorkbench()
  const isPhone = useIsPhone()
  const widget = useEditorWidget()
  const { groups, activeGroup } = useStore(tabs.state)
  const shown = isPhone ? groups.filter((group) => group.id === activeGroup) : groups
  const sizes = useGroupSizes(shown.map((group) => group.id))
  useEffect(() => {
    // After the editors, which may have taken other models meanwhile. Groups that a phone does not show count, too.
    const open = groups.flatMap((group) => group.tabs.map((tab) => tab.path))
    if (widget.kind === 'loaded') widget.models.sweep(new Set(open))
  }, [widget, groups])
  return (
    <section aria-label="Editor" className="h-full min-w-0 bg-canvas">
      <Group id="editors" className="h-full" {...sizes}>
        {shown.map((group, index) => (
          <Fragment key={group.id}>
            {index > 0 && <PanelHandle label={`Width of group ${index}`} />}
            <Panel id={panelId(group.id)} minSize="15%">
              <EditorGroup group={group} at={groups.indexOf(group)} of={groups.length} widget={widget} />
            </Panel>
          </Fragment>
        ))}
      </Group>
    </section>
  )
}
