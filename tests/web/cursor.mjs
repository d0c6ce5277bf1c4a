// Whether events of this type only tell a client where it is.
export const isCursor = (type) => type === "spoolcast.open" || type === "spoolcast.at";
