"""How values lie in bytes: cursor, field codecs, `@pdu`, flags, open enumerations, BER and PER, and the error tree."""
