# A local stand-in for nginx:latest: Debian's nginx, in the foreground, on port 80,
# with bash and curl, as Lab 1 uses them inside the container; logs where `kubectl
# logs` finds them. rootfs.tar comes from hack/base-images.sh.
FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
