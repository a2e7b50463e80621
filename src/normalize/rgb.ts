/** Colours of 8 bits a channel as one number, `0xRRGGBB`, or as three; one form enters, the other leaves. */

export type Rgb = readonly [red: number, green: number, blue: number];

export const rgb = (colour: number): Rgb => [colour >> 16, (colour >> 8) & 255, colour & 255];

export const packRgb = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;
