/** Whether half of a surrogate pair stands alone in the text. UTF-8 cannot hold it: MongoDB and the proofs would take different texts for one. */
export const hasLoneSurrogate = (text: string): boolean => /\p{Surrogate}/u.test(text)
