package jakarta.servlet;

/** Has the application taken for one of the web. */
public interface Servlet {}
