# A local stand-in for openjdk:17-jdk and eclipse-temurin:17-jre: Debian's own JRE 17,
# with bash and curl, as the labs use them inside the container. It has no javac.
# rootfs.tar comes from hack/base-images.sh.
FROM scratch
ADD rootfs.tar /
ENV JAVA_HOME=/usr/lib/jvm/java-17 LANG=C.UTF-8 PATH=/usr/lib/jvm/java-17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["java", "-version"]
