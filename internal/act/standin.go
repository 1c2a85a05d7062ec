package act

import (
	"path"
	"path/filepath"
	"strings"
)

// standIns are the actions that rollout.yml pins and act cannot fetch without a
// network: an artifact is a folder beside the others of the run.
var standIns = map[string]string{
	"actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02":   uploader,
	"actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093": downloader,
}

const uploader = `name: upload-artifact
description: copies the files of an artifact to a folder
inputs:
  name: { description: name of the artifact }
  path: { description: folder to copy }
  if-no-files-found: { description: ignored }
  overwrite: { description: ignored }
  retention-days: { description: ignored }
runs:
  using: composite
  steps:
    - shell: bash
      env: { NAME: "${{ inputs.name }}", FROM: "${{ inputs.path }}" }
      run: |
        mkdir -p "$DEMO_ARTIFACTS/$NAME"
        if [ -d "$FROM" ]; then cp -R "$FROM"/. "$DEMO_ARTIFACTS/$NAME"/; fi
`

const downloader = `name: download-artifact
description: copies the folders of the artifacts that match
inputs:
  pattern: { description: names of the artifacts }
  path: { description: folder to copy to }
runs:
  using: composite
  steps:
    - shell: bash
      env: { PATTERN: "${{ inputs.pattern }}", TO: "${{ inputs.path }}" }
      run: |
        mkdir -p "$TO" "$DEMO_ARTIFACTS"
        find "$DEMO_ARTIFACTS" -mindepth 1 -maxdepth 1 -type d -name "$PATTERN" -exec cp -R {} "$TO"/ ';'
`

// folders is where each of them is written, below a folder.
func folders(folder string) map[string]string {
	all := map[string]string{}
	for reference := range standIns {
		name, _, _ := strings.Cut(path.Base(reference), "@")
		all[reference] = filepath.Join(folder, name)
	}
	return all
}
