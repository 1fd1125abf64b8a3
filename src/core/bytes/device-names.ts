/** Names that Windows keeps for devices, whatever their ending, in any case. */
export const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9\xb9\xb2\xb3]|lpt[0-9\xb9\xb2\xb3])(?:\.|$)/i;
