/**
 * @file controller_vectors.h
 * @brief Messages recorded between the Java client 0.13.0 and a controller, and what they say.
 *
 * Each is a row {rpc, request, reply, packed request, the request in words, the reply in words}. Requests and replies are
 * gRPC messages: 5 bytes of prefix, then protobuf. The packed request (without prefix) is what we write where Java writes
 * the zero key of a map's entry, which proto3 lets us leave out; NULL: the same bytes.
 */
#ifndef CONTROLLER_VECTORS_H
#define CONTROLLER_VECTORS_H

// clang-format off
#define CONTROLLER_VECTORS \
    {"createScope", "000000000b0a097370656373636f7065", "0000000000", NULL, "{scope: 'specscope'}", "{}"}, \
    {"createStream", \
     "00000000360a0f0a097370656373636f706512027331120220021a10080210c0843d18ffffffffffffffff7f220d0a05616c7068610a0462" \
     "657461", \
     "0000000000", NULL, \
     "{streamInfo: {scope: 'specscope', stream: 's1'}, scalingPolicy: {minNumSegments: 2}, retentionPolicy: " \
     "{retentionType: SIZE, retentionParam: 1000000, retentionMax: 9223372036854775807}, tags: {tag: ['alpha', " \
     "'beta']}}", \
     "{}"}, \
    {"getCurrentSegments", "00000000110a097370656373636f7065120273311801", \
     "00000000470a1c0a110a0f0a097370656373636f70651202733119000000000000e03f0a270a130a0f0a097370656373636f706512027331" \
     "100111000000000000e03f19000000000000f03f", \
     NULL, "{scope: 'specscope', stream: 's1', accessOperation: NONE}", \
     "{segmentRanges: [{segmentId: {streamInfo: {scope: 'specscope', stream: 's1'}}, maxKey: 0.5}, {segmentId: " \
     "{streamInfo: {scope: 'specscope', stream: 's1'}, segmentId: 1}, minKey: 0.5, maxKey: 1}]}"}, \
    {"getURI", "00000000110a0f0a097370656373636f706512027331", "000000000c0a07302e302e302e3010f02e", NULL, \
     "{streamInfo: {scope: 'specscope', stream: 's1'}}", "{endpoint: '0.0.0.0', port: 6000}"}, \
    {"getDelegationToken", "00000000110a097370656373636f7065120273311803", "0000000000", NULL, \
     "{scope: 'specscope', stream: 's1', accessOperation: READ}", "{}"}, \
    {"createTransaction", "00000000150a0f0a097370656373636f70651202733110b0ea01", \
     "000000004b0a021001121c0a110a0f0a097370656373636f70651202733119000000000000e03f12270a130a0f0a097370656373636f7065" \
     "12027331100111000000000000e03f19000000000000f03f", \
     NULL, "{streamInfo: {scope: 'specscope', stream: 's1'}, lease: 30000}", \
     "{txnId: {lowBits: 1}, activeSegments: [{segmentId: {streamInfo: {scope: 'specscope', stream: 's1'}}, maxKey: " \
     "0.5}, {segmentId: {streamInfo: {scope: 'specscope', stream: 's1'}, segmentId: 1}, minKey: 0.5, maxKey: 1}]}"}, \
    {"pingTransaction", "00000000190a0f0a097370656373636f7065120273311202100118b0ea01", "0000000000", NULL, \
     "{streamInfo: {scope: 'specscope', stream: 's1'}, txnId: {lowBits: 1}, lease: 30000}", "{}"}, \
    {"commitTransaction", "000000001e0a0f0a097370656373636f706512027331120210011a037477312080897a", "0000000000", NULL, \
     "{streamInfo: {scope: 'specscope', stream: 's1'}, txnId: {lowBits: 1}, writerId: 'tw1', timestamp: 2000000}", \
     "{}"}, \
    {"noteTimestampFromWriter", \
     "00000000270a027731121d0a0f0a097370656373636f70651202733112040800101e12040801102d18c0843d", "0000000000", \
     "0a027731121b0a0f0a097370656373636f7065120273311202101e12040801102d18c0843d", \
     "{writer: 'w1', position: {streamInfo: {scope: 'specscope', stream: 's1'}, cut: [{value: 30}, {key: 1, value: " \
     "45}]}, timestamp: 1000000}", \
     "{}"}, \
    {"getSegmentsImmediatelyFollowing", "00000000150a130a097370656373636f706512067363616c6531", \
     "00000000630a2b0a260a1b0a130a097370656373636f706512067363616c653110818080801019000000000000e03f1201000a340a2f0a1b" \
     "0a130a097370656373636f706512067363616c653110828080801011000000000000e03f19000000000000f03f120100", \
     NULL, "{streamInfo: {scope: 'specscope', stream: 'scale1'}}", \
     "{segments: [{segment: {segmentId: {streamInfo: {scope: 'specscope', stream: 'scale1'}, segmentId: 4294967297}, " \
     "maxKey: 0.5}, value: [0]}, {segment: {segmentId: {streamInfo: {scope: 'specscope', stream: 'scale1'}, segmentId: " \
     "4294967298}, minKey: 0.5, maxKey: 1}, value: [0]}]}"}, \
    {"truncateStream", "000000001f0a0f0a097370656373636f7065120273311205080010ef121205080110cc19", "0000000000", \
     "0a0f0a097370656373636f70651202733112 0310ef12 1205080110cc19", \
     "{streamInfo: {scope: 'specscope', stream: 's1'}, cut: [{value: 2415}, {key: 1, value: 3276}]}", "{}"}, \
    {"scale", \
     "000000003e0a130a097370656373636f706512067363616c65311201001a0911000000000000e03f1a1209000000000000e03f1100000000" \
     "0000f03f20b0c0cfa8a034", \
     "000000005912260a1b0a130a097370656373636f706512067363616c653110818080801019000000000000e03f122f0a1b0a130a09737065" \
     "6373636f706512067363616c653110828080801011000000000000e03f19000000000000f03f", \
     NULL, \
     "{streamInfo: {scope: 'specscope', stream: 'scale1'}, sealedSegments: [0], newKeyRanges: [{end: 0.5}, {start: " \
     "0.5, end: 1}], scaleTimestamp: 1795381518384}", \
     "{segments: [{segmentId: {streamInfo: {scope: 'specscope', stream: 'scale1'}, segmentId: 4294967297}, maxKey: " \
     "0.5}, {segmentId: {streamInfo: {scope: 'specscope', stream: 'scale1'}, segmentId: 4294967298}, minKey: 0.5, " \
     "maxKey: 1}]}"}, \
    {"createReaderGroup", \
     "00000000650a097370656373636f7065120372673118b81720b0ea012803422461316331353262372d363563632d343330332d613834392d" \
     "3236333561333934373161384a110a0f0a097370656373636f70651202733152110a0f0a097370656373636f706512027331", \
     "000000006712650a097370656373636f7065120372673118b81720b0ea012803422461316331353262372d363563632d343330332d613834" \
     "392d3236333561333934373161384a110a0f0a097370656373636f70651202733152110a0f0a097370656373636f706512027331", \
     NULL, \
     "{scope: 'specscope', readerGroupName: 'rg1', groupRefreshTimeMillis: 3000, automaticCheckpointIntervalMillis: " \
     "30000, maxOutstandingCheckpointRequest: 3, readerGroupId: 'a1c152b7-65cc-4303-a849-2635a39471a8', " \
     "startingStreamCuts: [{streamInfo: {scope: 'specscope', stream: 's1'}}], endingStreamCuts: [{streamInfo: {scope: " \
     "'specscope', stream: 's1'}}]}", \
     "{config: {scope: 'specscope', readerGroupName: 'rg1', groupRefreshTimeMillis: 3000, " \
     "automaticCheckpointIntervalMillis: 30000, maxOutstandingCheckpointRequest: 3, readerGroupId: " \
     "'a1c152b7-65cc-4303-a849-2635a39471a8', startingStreamCuts: [{streamInfo: {scope: 'specscope', stream: 's1'}}], " \
     "endingStreamCuts: [{streamInfo: {scope: 'specscope', stream: 's1'}}]}}"}, \
    {"updateSubscriberStreamCut", \
     "000000005b0a0d7370656373636f70652f7267321a2436323832363762372d663735372d343437362d396430302d63346535333833646432" \
     "303022240a130a097370656373636f706512067363616c6531120d080010ffffffffffffffffff01", \
     "00000000020801", \
     "0a0d7370656373636f70652f7267321a2436323832363762372d663735372d343437362d396430302d6334653533383364643230302222" \
     "0a130a097370656373636f706512067363616c6531120b10ffffffffffffffffff01", \
     "{subscriber: 'specscope/rg2', readerGroupId: '628267b7-f757-4476-9d00-c4e5383dd200', streamCut: {streamInfo: " \
     "{scope: 'specscope', stream: 'scale1'}, cut: [{value: -1}]}}", \
     "{status: FAILURE}"}, \
    {"createKeyValueTable", "00000000150a097370656373636f706512027431180220042802", "0000000000", NULL, \
     "{scope: 'specscope', kvtName: 't1', partitionCount: 2, primaryKeyLength: 4, secondaryKeyLength: 2}", "{}"},
// clang-format on

#endif
