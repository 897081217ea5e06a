package weir.interop;

import io.pravega.client.ByteStreamClientFactory;
import io.pravega.client.byteStream.ByteStreamReader;
import io.pravega.client.byteStream.ByteStreamWriter;
import io.pravega.client.stream.Stream;
import java.io.OutputStream;

/** Byte streams: what Java writes and another client reads, and the other way round. */
final class Bytes {
    private Bytes() { }

    /** All of standard input, in pieces of odd lengths. */
    static int write(Server server, Stream stream) throws Exception {
        try (ByteStreamClientFactory factory = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamWriter writer = factory.createByteStreamWriter(stream.getStreamName())) {
            byte[] piece = new byte[100003];
            for (int len = System.in.read(piece); len >= 0; len = System.in.read(piece)) {
                writer.write(piece, 0, len);
            }
            writer.flush();
            return 0;
        }
    }

    /** From the head to the tail as of now. */
    static int read(Server server, Stream stream) throws Exception {
        try (ByteStreamClientFactory factory = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamReader reader = factory.createByteStreamReader(stream.getStreamName())) {
            OutputStream out = System.out;
            byte[] piece = new byte[70001];
            reader.seekToOffset(reader.fetchHeadOffset());
            for (long left = reader.fetchTailOffset() - reader.getOffset(); left > 0;) {
                int len = reader.read(piece, 0, (int) Math.min(left, piece.length));
                if (len < 0) {
                    break;
                }
                out.write(piece, 0, len);
                left -= len;
            }
            out.flush();
            return 0;
        }
    }

    static int truncate(Server server, Stream stream, long offset) throws Exception {
        try (ByteStreamClientFactory factory = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamWriter writer = factory.createByteStreamWriter(stream.getStreamName())) {
            writer.truncateDataBefore(offset);
            return 0;
        }
    }

    /** Prints head and tail. */
    static int bounds(Server server, Stream stream) throws Exception {
        try (ByteStreamClientFactory factory = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamReader reader = factory.createByteStreamReader(stream.getStreamName())) {
            System.out.println(reader.fetchHeadOffset() + " " + reader.fetchTailOffset());
            return 0;
        }
    }

    static int seal(Server server, Stream stream) throws Exception {
        try (ByteStreamClientFactory factory = ByteStreamClientFactory.withScope(stream.getScope(), server.config)) {
            factory.createByteStreamWriter(stream.getStreamName()).closeAndSeal();
            return 0;
        }
    }
}
