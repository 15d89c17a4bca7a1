package org.springframework.web.context;

/** Has the application taken for one of the web. */
public interface ConfigurableWebApplicationContext {}
