/**
 * @file wire_vectors.h
 * @brief Frames recorded between Pravega 0.13.0 clients and servers: each is X(command, what it shows, bytes, fields).
 *
 * Two frames of the record are not here, as they were not kept whole: a batch of 39 events in a padded block, and the
 * reply that names a transient segment with random digits.
 */
#ifndef WIRE_VECTORS_H
#define WIRE_VECTORS_H

// clang-format off
#define WIRE_VECTORS(X) \
    X(HELLO, "HELLO (both directions)", \
      "ffffff81000000080000001000000005", \
      "high_version=16 low_version=5") \
    X(KEEP_ALIVE, "KEEP_ALIVE (both)", \
      "0000006400000000", \
      "") \
    X(SETUP_APPEND, "SETUP_APPEND", \
      "0000000100000030000000010000000000112233445566778899aabbccddeeff0014737065637261772f612f302e2365706f" \
      "63682e300000", \
      "request_id=100000000 writer_id=00112233-4455-6677-8899-aabbccddeeff segment='specraw/a/0.#epoch.0' " \
      "token=''") \
    X(APPEND_SETUP, "APPEND_SETUP (new writer)", \
      "000000020000003600000001000000000014737065637261772f612f302e2365706f63682e3000112233445566778899aabb" \
      "ccddeeff8000000000000000", \
      "request_id=100000000 segment='specraw/a/0.#epoch.0' writer_id=00112233-4455-6677-8899-aabbccddeeff " \
      "last_event_number=MIN") \
    X(APPEND_BLOCK_END, "Append shape 1, bare end: one event 'hello', event number 1", \
      "000000040000003900112233445566778899aabbccddeeff000000000000000d000000000000000568656c6c6f0000000100" \
      "000000000000010000000100000000", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff whole_len=0 data=000000000000000568656c6c6f " \
      "event_count=1 last_event_number=1 request_id=100000000") \
    X(DATA_APPENDED, "DATA_APPENDED", \
      "000000070000003000112233445566778899aabbccddeeff0000000000000001800000000000000000000001000000000000" \
      "00000000000d", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=1 previous_event_number=MIN " \
      "request_id=100000000 write_offset=13") \
    X(APPEND_BLOCK, "Append shape 4, 'two' and '2b' whole + partial of 'three-third'; numbers 2..4", \
      "000000030000003300112233445566778899aabbccddeeff000000000000000374776f00000000000000023262fffffffe00" \
      "000006000000000000", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff " \
      "data=000000000000000374776f00000000000000023262fffffffe00000006000000000000") \
    X(APPEND_BLOCK_END, "Append shape 4, 'two' and '2b' whole + partial of 'three-third'; numbers 2..4", \
      "000000040000003900112233445566778899aabbccddeeff000000150000000d000b74687265652d74686972640000000300" \
      "000000000000040000000100000000", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff whole_len=21 data=000b74687265652d7468697264 " \
      "event_count=3 last_event_number=4 request_id=100000000") \
    X(DATA_APPENDED, "DATA_APPENDED", \
      "000000070000003000112233445566778899aabbccddeeff0000000000000004000000000000000100000001000000000000" \
      "000000000035", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=4 previous_event_number=1 " \
      "request_id=100000000 write_offset=53") \
    X(APPEND_BLOCK, "Append shape 3, 'five' + 5 bytes of padding; number 5", \
      "000000030000002900112233445566778899aabbccddeeff000000000000000466697665ffffffff000000050000000000", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff data=000000000000000466697665ffffffff000000050000000000") \
    X(APPEND_BLOCK_END, "Append shape 3, 'five' + 5 bytes of padding; number 5", \
      "000000040000002c00112233445566778899aabbccddeeff0000000c00000000000000010000000000000005000000010000" \
      "0000", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff whole_len=12 data='' event_count=1 last_event_number=5 " \
      "request_id=100000000") \
    X(APPEND_BLOCK, "Append shape 2 as sent by the Java event writer, 'event-0', flow 1", \
      "000000030000001fe82574f7f4d642c7aecb7b9af98a2c8700000000000000076576656e742d30", \
      "writer_id=e82574f7-f4d6-42c7-aecb-7b9af98a2c87 data=00000000000000076576656e742d30") \
    X(APPEND_BLOCK_END, "Append shape 2 as sent by the Java event writer, 'event-0', flow 1", \
      "000000040000002ce82574f7f4d642c7aecb7b9af98a2c870000000f00000000000000010000000000000001000000010000" \
      "0000", \
      "writer_id=e82574f7-f4d6-42c7-aecb-7b9af98a2c87 whole_len=15 data='' event_count=1 last_event_number=1 " \
      "request_id=100000000") \
    X(APPEND_BLOCK_END, "Java batch of 39 events (numbers 4..42) in a padded block: block frame length 0x78e, whole events 0x2bb bytes, rest PADDING", \
      "000000040000002ce82574f7f4d642c7aecb7b9af98a2c87000002bb0000000000000027000000000000002a000000010000" \
      "0000", \
      "writer_id=e82574f7-f4d6-42c7-aecb-7b9af98a2c87 whole_len=699 data='' event_count=39 " \
      "last_event_number=42 request_id=100000000") \
    X(DATA_APPENDED, "Java batch of 39 events (numbers 4..42) in a padded block: block frame length 0x78e, whole events 0x2bb bytes, rest PADDING", \
      "0000000700000030e82574f7f4d642c7aecb7b9af98a2c87000000000000002a000000000000000300000001000000000000" \
      "0000000002ea", \
      "writer_id=e82574f7-f4d6-42c7-aecb-7b9af98a2c87 event_number=42 previous_event_number=3 " \
      "request_id=100000000 write_offset=746") \
    X(CONDITIONAL_APPEND, "CONDITIONAL_APPEND 'seven' at expected offset 76, number 7", \
      "000000050000003500112233445566778899aabbccddeeff0000000000000007000000000000004c00000000000000057365" \
      "76656e0000000100000001", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=7 expected_offset=76 event='seven' " \
      "request_id=100000001") \
    X(DATA_APPENDED, "CONDITIONAL_APPEND 'seven' at expected offset 76, number 7", \
      "000000070000003000112233445566778899aabbccddeeff0000000000000007000000000000000600000001000000010000" \
      "000000000059", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=7 previous_event_number=6 " \
      "request_id=100000001 write_offset=89") \
    X(CONDITIONAL_CHECK_FAILED, "CONDITIONAL_CHECK_FAILED", \
      "000000080000002000112233445566778899aabbccddeeff00000000000000080000000100000002", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=8 request_id=100000002") \
    X(CONDITIONAL_BLOCK_END, "CONDITIONAL_BLOCK_END, raw bytes = framed event 'ten', expected offset 101, number 10", \
      "000000590000003700112233445566778899aabbccddeeff000000000000000a00000000000000650000000b000000000000" \
      "000374656e0000000100000003", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=10 expected_offset=101 " \
      "data=000000000000000374656e request_id=100000003") \
    X(DATA_APPENDED, "CONDITIONAL_BLOCK_END, raw bytes = framed event 'ten', expected offset 101, number 10", \
      "000000070000003000112233445566778899aabbccddeeff000000000000000a000000000000000900000001000000030000" \
      "000000000070", \
      "writer_id=00112233-4455-6677-8899-aabbccddeeff event_number=10 previous_event_number=9 " \
      "request_id=100000003 write_offset=112") \
    X(READ_SEGMENT, "READ_SEGMENT offset 0, 1024 bytes", \
      "000000090000002c0014737065637261772f612f302e2365706f63682e300000000000000000000004000000000000010000" \
      "0004", \
      "segment='specraw/a/0.#epoch.0' offset=0 suggested_len=1024 token='' request_id=100000004") \
    X(SEGMENT_READ, "SEGMENT_READ (112 bytes of data, atTail)", \
      "0000000a0000009c0014737065637261772f612f302e2365706f63682e300000000000000000010000000070000000000000" \
      "000568656c6c6f000000000000000374776f00000000000000023262000000000000000b74687265652d7468697264000000" \
      "00000000046669766500000000000000037369780000000000000005736576656e00000000000000046e696e650000000000" \
      "00000374656e0000000100000004", \
      "segment='specraw/a/0.#epoch.0' offset=0 at_tail=true end_of_segment=false " \
      "data=000000000000000568656c6c6f000000000000000374776f00000000000000023262000000000000000b74687265652d746" \
      "869726400000000000000046669766500000000000000037369780000000000000005736576656e00000000000000046e696e650" \
      "00000000000000374656e request_id=100000004") \
    X(SEGMENT_READ, "suggestedLength 1 is raised to 8 by the server", \
      "0000000a000000340014737065637261772f612f302e2365706f63682e300000000000000000000000000008000000000000" \
      "00050000000100000004", \
      "segment='specraw/a/0.#epoch.0' offset=0 at_tail=false end_of_segment=false data=0000000000000005 " \
      "request_id=100000004") \
    X(SEGMENT_READ, "End of sealed segment", \
      "0000000a0000002c0014737065637261772f612f302e2365706f63682e30000000000000007d000100000000000000010000" \
      "0005", \
      "segment='specraw/a/0.#epoch.0' offset=125 at_tail=false end_of_segment=true data='' request_id=100000005") \
    X(SEGMENT_READ, "Tail read that timed out (no data for the hold time)", \
      "0000000a0000002c0014737065637261772f622f302e2365706f63682e300000000000000000010000000000000000010000" \
      "0005", \
      "segment='specraw/b/0.#epoch.0' offset=0 at_tail=true end_of_segment=false data='' request_id=100000005") \
    X(SEGMENT_IS_TRUNCATED, "SEGMENT_IS_TRUNCATED (start 13, empty stack trace, offset 0)", \
      "000000380000003000000001000000050014737065637261772f612f302e2365706f63682e30000000000000000d00000000" \
      "000000000000", \
      "request_id=100000005 segment='specraw/a/0.#epoch.0' start_offset=13 stack_trace='' offset=0") \
    X(STREAM_SEGMENT_INFO, "STREAM_SEGMENT_INFO (exists, not sealed, not deleted, lastModified, writeOffset 76, startOffset 0)", \
      "0000000c0000003900000000000000070014737065637261772f612f302e2365706f63682e30010000000001a2051a49dd00" \
      "0000000000004c0000000000000000", \
      "request_id=7 segment='specraw/a/0.#epoch.0' exists=true is_sealed=false is_deleted=false " \
      "last_modified_ms=1795381938653 write_offset=76 start_offset=0") \
    X(GET_SEGMENT_ATTRIBUTE, "GET_SEGMENT_ATTRIBUTE by a Java synchronizer (RevisionStreamClientMark)", \
      "00000022000000370000000f00000001001b7370656373636f70652f5f52477267312f302e2365706f63682e307df9a87424" \
      "6cc9d69397cdd19ead68c50000", \
      "request_id=f00000001 segment='specscope/_RGrg1/0.#epoch.0' " \
      "attribute_id=7df9a874-246c-c9d6-9397-cdd19ead68c5 token=''") \
    X(SEGMENT_ATTRIBUTE, "SEGMENT_ATTRIBUTE (absent)", \
      "0000002300000010000000000000000c8000000000000000", \
      "request_id=c value=MIN") \
    X(UPDATE_SEGMENT_ATTRIBUTE, "UPDATE_SEGMENT_ATTRIBUTE 42 if absent", \
      "0000002400000040000000000000000d0014737065637261772f782f302e2365706f63682e30000000000000000000000000" \
      "00000005000000000000002a80000000000000000000", \
      "request_id=d segment='specraw/x/0.#epoch.0' attribute_id=00000000-0000-0000-0000-000000000005 " \
      "new_value=42 expected_value=MIN token=''") \
    X(SEGMENT_ATTRIBUTE_UPDATED, "UPDATE_SEGMENT_ATTRIBUTE 42 if absent", \
      "0000002500000009000000000000000d01", \
      "request_id=d success=true") \
    X(SEGMENT_ATTRIBUTE_UPDATED, "UPDATE_SEGMENT_ATTRIBUTE 42 if absent", \
      "0000002500000009000000000000000d00", \
      "request_id=d success=false") \
    X(CREATE_SEGMENT, "CREATE_SEGMENT (rate 0, type 0, rollover 0)", \
      "000000140000002d00000000000000090014737065637261772f782f302e2365706f63682e30000000000000000000000000" \
      "000000", \
      "request_id=9 segment='specraw/x/0.#epoch.0' target_rate=0 scale_type=0 token='' rollover_bytes=0") \
    X(SEGMENT_CREATED, "CREATE_SEGMENT (rate 0, type 0, rollover 0)", \
      "000000150000001e00000000000000090014737065637261772f782f302e2365706f63682e30", \
      "request_id=9 segment='specraw/x/0.#epoch.0'") \
    X(TRUNCATE_SEGMENT, "TRUNCATE_SEGMENT at 13", \
      "0000002600000028000000000000000a0014737065637261772f612f302e2365706f63682e30000000000000000d0000", \
      "request_id=a segment='specraw/a/0.#epoch.0' truncation_offset=13 token=''") \
    X(SEGMENT_TRUNCATED, "TRUNCATE_SEGMENT at 13", \
      "000000270000001e000000000000000a0014737065637261772f612f302e2365706f63682e30", \
      "request_id=a segment='specraw/a/0.#epoch.0'") \
    X(SEAL_SEGMENT, "SEAL_SEGMENT", \
      "0000001c00000020000000000000000b0014737065637261772f612f302e2365706f63682e300000", \
      "request_id=b segment='specraw/a/0.#epoch.0' token=''") \
    X(SEGMENT_SEALED, "SEAL_SEGMENT", \
      "0000001d0000001e000000000000000b0014737065637261772f612f302e2365706f63682e30", \
      "request_id=b segment='specraw/a/0.#epoch.0'") \
    X(MERGE_SEGMENTS, "MERGE_SEGMENTS of transaction segment 'specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d' (0041 = 65 bytes)", \
      "0000003a00000067000000000000000f0014737065637261772f782f302e2365706f63682e300041737065637261772f782f" \
      "302e2365706f63682e30237472616e73616374696f6e2e303030303030303030303030303030303030303030303030303030" \
      "3030303464000000000000", \
      "request_id=f target='specraw/x/0.#epoch.0' " \
      "source='specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d' token='' updates=[]") \
    X(SEGMENTS_MERGED, "MERGE_SEGMENTS of transaction segment 'specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d' (0041 = 65 bytes)", \
      "0000003b00000069000000000000000f0014737065637261772f782f302e2365706f63682e300041737065637261772f782f" \
      "302e2365706f63682e30237472616e73616374696f6e2e303030303030303030303030303030303030303030303030303030" \
      "3030303464000000000000000b", \
      "request_id=f target='specraw/x/0.#epoch.0' " \
      "source='specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d' target_write_offset=11") \
    X(MERGE_SEGMENTS_BATCH, "MERGE_SEGMENTS_BATCH", \
      "0000005a0000006700000000000000100014737065637261772f782f302e2365706f63682e30000000010041737065637261" \
      "772f782f302e2365706f63682e30237472616e73616374696f6e2e3030303030303030303030303030303030303030303030" \
      "3030303030303034640000", \
      "request_id=10 target='specraw/x/0.#epoch.0' " \
      "sources=['specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d'] token=''") \
    X(SEGMENTS_BATCH_MERGED, "MERGE_SEGMENTS_BATCH", \
      "0000005b0000006d00000000000000100014737065637261772f782f302e2365706f63682e30000000010041737065637261" \
      "772f782f302e2365706f63682e30237472616e73616374696f6e2e3030303030303030303030303030303030303030303030" \
      "303030303030303464000000000000000b", \
      "request_id=10 target='specraw/x/0.#epoch.0' " \
      "merged=['specraw/x/0.#epoch.0#transaction.0000000000000000000000000000004d'@11]") \
    X(CREATE_TRANSIENT_SEGMENT, "CREATE_TRANSIENT_SEGMENT", \
      "0000002800000030000000000000001100112233445566778899aabbccddeeff0014737065637261772f782f302e2365706f" \
      "63682e300000", \
      "request_id=11 writer_id=00112233-4455-6677-8899-aabbccddeeff parent='specraw/x/0.#epoch.0' token=''") \
    X(DELETE_SEGMENT, "DELETE_SEGMENT", \
      "0000001e0000002000000000000000120014737065637261772f782f302e2365706f63682e300000", \
      "request_id=12 segment='specraw/x/0.#epoch.0' token=''") \
    X(SEGMENT_DELETED, "DELETE_SEGMENT", \
      "0000001f0000001e00000000000000120014737065637261772f782f302e2365706f63682e30", \
      "request_id=12 segment='specraw/x/0.#epoch.0'") \
    X(CREATE_TABLE_SEGMENT, "CREATE_TABLE_SEGMENT keyLength 4", \
      "000000460000002d00000000000000010014737065637261772f662f302e2365706f63682e30000000000000040000000000" \
      "000000", \
      "request_id=1 segment='specraw/f/0.#epoch.0' token='' sorted=false key_len=4 rollover_bytes=0") \
    X(UPDATE_TABLE_ENTRIES, "UPDATE_TABLE_ENTRIES key1=val1, key2=v2 unconditional", \
      "0000004a0000006a00000000000000030014737065637261772f662f302e2365706f63682e30000000000002000000100000" \
      "00046b6579318000000000000000000000080000000476616c3100000010000000046b657932800000000000000000000006" \
      "000000027632ffffffffffffffff", \
      "request_id=3 segment='specraw/f/0.#epoch.0' token='' entries=['key1'@MIN:'val1', 'key2'@MIN:'v2'] " \
      "table_segment_offset=-1") \
    X(TABLE_ENTRIES_UPDATED, "UPDATE_TABLE_ENTRIES key1=val1, key2=v2 unconditional", \
      "0000004b0000001c00000000000000030000000200000000000000000000000000000019", \
      "request_id=3 versions=[0, 25]") \
    X(READ_TABLE, "READ_TABLE key1 + missing key 'nope'", \
      "0000004e0000004c00000000000000090014737065637261772f662f302e2365706f63682e30000000000002000000100000" \
      "00046b657931800000000000000000000010000000046e6f70658000000000000000", \
      "request_id=9 segment='specraw/f/0.#epoch.0' token='' keys=['key1'@MIN, 'nope'@MIN]") \
    X(TABLE_READ, "READ_TABLE key1 + missing key 'nope'", \
      "0000004f0000005e00000000000000090014737065637261772f662f302e2365706f63682e30000000020000001000000004" \
      "6b6579310000000000000000000000080000000476616c3100000010000000046e6f7065ffffffffffffffff000000040000" \
      "0000", \
      "request_id=9 segment='specraw/f/0.#epoch.0' entries=['key1'@0:'val1', 'nope'@-1:'']") \
    X(READ_TABLE_ENTRIES, "READ_TABLE_ENTRIES range key2..key3, 10 items", \
      "000000550000003c000000000000000c0014737065637261772f662f302e2365706f63682e3000000000000a000000000000" \
      "0000000000046b657932000000046b657933", \
      "request_id=c segment='specraw/f/0.#epoch.0' token='' suggested_count=10 continuation='' prefix='' " \
      "from_key='key2' to_key='key3'") \
    X(TABLE_ENTRIES_READ, "READ_TABLE_ENTRIES range key2..key3, 10 items", \
      "000000560000006f000000000000000c0014737065637261772f662f302e2365706f63682e30000000020000001000000004" \
      "6b65793200000000000000190000000600000002763200000010000000046b65793300000000000000460000000600000002" \
      "78790000000d0000010000000005046b657933", \
      "request_id=c segment='specraw/f/0.#epoch.0' entries=['key2'@25:'v2', 'key3'@70:'xy'] " \
      "continuation=0000010000000005046b657933") \
    X(REMOVE_TABLE_KEYS, "REMOVE_TABLE_KEYS key2 unconditional", \
      "0000004c00000040000000000000000f0014737065637261772f662f302e2365706f63682e30000000000001000000100000" \
      "00046b6579328000000000000000ffffffffffffffff", \
      "request_id=f segment='specraw/f/0.#epoch.0' token='' keys=['key2'@MIN] table_segment_offset=-1") \
    X(TABLE_KEYS_REMOVED, "REMOVE_TABLE_KEYS key2 unconditional", \
      "0000004d0000001e000000000000000f0014737065637261772f662f302e2365706f63682e30", \
      "request_id=f segment='specraw/f/0.#epoch.0'") \
    X(TABLE_SEGMENT_INFO, "TABLE_SEGMENT_INFO (empty, keyLength 4)", \
      "000000450000003a00000000000000020014737065637261772f662f302e2365706f63682e30000000000000000000000000" \
      "00000000000000000000000000000004", \
      "request_id=2 segment='specraw/f/0.#epoch.0' start_offset=0 length=0 entry_count=0 key_len=4") \
    X(READ_TABLE_ENTRIES_DELTA, "READ_TABLE_ENTRIES_DELTA from 0 (hash table)", \
      "000000580000002c000000000000000d0014737065637261772f682f302e2365706f63682e30000000000000000000000000" \
      "0064", \
      "request_id=d segment='specraw/h/0.#epoch.0' token='' from_position=0 suggested_count=100") \
    X(ERROR_MESSAGE, "ERROR_MESSAGE (range iterator on a hash table)", \
      "0000003d00000058000000000000000c0014737065637261772f682f302e2365706f63682e30003452616e67652049746572" \
      "61746f7273206e6f7420737570706f7274656420666f7220486173685461626c655365676d656e74732e00000000", \
      "request_id=c segment='specraw/h/0.#epoch.0' " \
      "message='Range Iterators not supported for HashTableSegments.' error_code=0")
// clang-format on

#endif
