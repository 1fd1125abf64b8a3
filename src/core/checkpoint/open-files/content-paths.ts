/** The branch of the file view for what no file system keeps. */
export const CONTENTS = '/contents';

/** Where the content of a deleted file is, by the number of its image and the path that it had. */
export function ghostPath(id: number, path: string): string {
  return contentPath('deleted', id, baseName(path));
}

export function contentPath(place: string, id: number, name?: string): string {
  return [CONTENTS, place, String(id), ...(name === undefined ? [] : [name])].join('/');
}

/** The last part of a path, fit to be one name. */
export function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '' || name === '.' || name === '..' ? 'content' : name.replaceAll('\0', '%00');
}
