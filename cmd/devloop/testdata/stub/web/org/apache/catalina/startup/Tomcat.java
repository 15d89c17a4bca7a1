package org.apache.catalina.startup;

/** Has the application taken for one that starts a server. */
public class Tomcat {}
