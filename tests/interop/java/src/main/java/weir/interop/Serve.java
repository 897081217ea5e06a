package weir.interop;

import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One program for many verbs, since it takes seconds to start one: each line of standard input is a number, a file's
 * name, and a verb with its arguments. What the verb prints goes to the file, and then a line to standard output: the
 * number, the exit status that a program of its own would have had, and what it would have said.
 */
final class Serve {
    private Serve() { }

    static int serve(Server server, String uri) throws IOException {
        PrintStream answers = System.out;
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String[] words = line.split(" ");
            String[] args = Arrays.copyOfRange(words, 1, words.length);
            String answer;
            args[0] = uri;
            try (PrintStream out = new PrintStream(new FileOutputStream(words[1]), false, StandardCharsets.UTF_8)) {
                System.setOut(out);
                answer = run(server, args);
            } finally {
                System.setOut(answers);
            }
            answers.println(words[0] + " " + answer);
            answers.flush();
        }
        return 0;
    }

    private static String run(Server server, String[] args) {
        String answer;
        try {
            answer = Integer.toString(Peer.run(server, args));
        } catch (Throwable why) {
            System.err.println("in " + Arrays.toString(args));
            why.printStackTrace();
            answer = "1 peer: " + Suite.why(why);
        }
        System.out.flush();
        return answer;
    }
}
