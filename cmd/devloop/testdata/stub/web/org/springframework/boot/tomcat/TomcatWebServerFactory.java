package org.springframework.boot.tomcat;

/** Has the application taken for one that starts a server. */
public class TomcatWebServerFactory {}
