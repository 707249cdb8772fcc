package peer;

import java.util.Objects;

/** What a program says about itself: a line for each check; a failure is an exception. */
final class Check {
  private Check() {}

  interface Checks {
    void run() throws Exception;
  }

  /** Ends the process whatever threads a client has left. */
  static void run(Checks checks) {
    try {
      checks.run();
    } catch (Throwable failure) {
      failure.printStackTrace();
      System.exit(1);
    }
    System.exit(0);
  }

  static void passed(String name) {
    System.out.println("ok " + name);
  }

  static void that(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("not so: " + what);
    }
  }

  static void same(Object expected, Object actual) {
    that(Objects.equals(expected, actual), actual + " is " + expected);
  }
}
