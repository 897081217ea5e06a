package weir.interop;

/** Threads that do not keep the program alive. */
final class Threads {
    private Threads() { }

    static void start(Runnable work) {
        Thread thread = new Thread(work, "peer-reader");
        thread.setDaemon(true);
        thread.start();
    }
}
