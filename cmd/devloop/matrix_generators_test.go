package main

import (
	"fmt"
	"strings"
)

// Traits of the matrix that make sources of other files, each by the plugin of its own.

// protobuf has protoc make classes of a message. The goal is called compile, as those of compilers are.
func protobuf(b *blueprint) {
	const version, file = "4.29.3", "src/main/proto/tea.proto"
	b.extension += "<extensions><extension><groupId>kr.motd.maven</groupId><artifactId>os-maven-plugin</artifactId><version>1.7.1</version></extension></extensions>"
	b.depend("com.google.protobuf", "protobuf-java", version)
	b.plugins += `      <plugin><groupId>org.xolstice.maven.plugins</groupId><artifactId>protobuf-maven-plugin</artifactId><version>0.6.1</version>
        <configuration><protocArtifact>com.google.protobuf:protoc:` + version + `:exe:${os.detected.classifier}</protocArtifact></configuration>
        <executions><execution><goals><goal>compile</goal></goals></execution></executions></plugin>
`
	b.files[file] = "syntax = \"proto3\";\noption java_package = \"com.example.proto\";\noption java_multiple_files = true;\nmessage Tea { string leaf = 1; }\n"
	b.generated("Proto", `com.example.proto.Tea.getDescriptor().getFields().size()`, "1")
	b.edits = append(b.edits,
		edit{"a message", file, "leaf = 1;", "leaf = 1; string color = 2;", byRestart, "/proto", "proto 2"})
}

// openAPI has a class made of a schema, with the time at which it was made.
func openAPI(b *blueprint) {
	const file = resourceDir + "api.yaml"
	b.depend("jakarta.validation", "jakarta.validation-api", "")
	b.plugins += `      <plugin><groupId>org.openapitools</groupId><artifactId>openapi-generator-maven-plugin</artifactId><version>7.10.0</version>
        <executions><execution><goals><goal>generate</goal></goals><configuration><inputSpec>${project.basedir}/` + file + `</inputSpec><generatorName>spring</generatorName>
          <generateApis>false</generateApis><generateSupportingFiles>false</generateSupportingFiles><modelPackage>com.example.api</modelPackage>
          <configOptions><useSpringBoot3>true</useSpringBoot3><openApiNullable>false</openApiNullable><documentationProvider>none</documentationProvider><annotationLibrary>none</annotationLibrary>
            <useBeanValidation>false</useBeanValidation></configOptions></configuration></execution></executions></plugin>
`
	b.files[file] = `openapi: 3.0.3
info: {title: Cups, version: "1"}
paths: {}
components: {schemas: {Cup: {type: object, properties: {leaf: {type: string}}}}}
`
	b.generated("Api", `com.example.api.Cup.class.getDeclaredFields().length`, "1")
	b.edits = append(b.edits, edit{"a schema", file, "leaf: {type: string}",
		"leaf: {type: string}, color: {type: string}", byRestart, "/api", "api 2"})
}

// jooq has classes made of the definition of a table.
func jooq(b *blueprint) {
	const file = resourceDir + "db/tables.sql"
	b.depend("org.jooq", "jooq", "")
	b.plugins += `      <plugin><groupId>org.jooq</groupId><artifactId>jooq-codegen-maven</artifactId>
        <executions><execution><goals><goal>generate</goal></goals></execution></executions>
        <dependencies><dependency><groupId>org.jooq</groupId><artifactId>jooq-meta-extensions</artifactId><version>${jooq.version}</version></dependency></dependencies>
        <configuration><generator><database><name>org.jooq.meta.extensions.ddl.DDLDatabase</name><properties><property><key>scripts</key><value>` + file + `</value></property></properties></database>
          <target><packageName>com.example.db</packageName></target></generator></configuration></plugin>
`
	b.files[file] = "CREATE TABLE tea (leaf VARCHAR(10));\n"
	b.generated("Table", `com.example.db.tables.Tea.TEA.fields().length`, "1")
	b.edits = append(b.edits,
		edit{"a table", file, "VARCHAR(10)", "VARCHAR(10), color INT", byRestart, "/table", "table 2"})
}

// queryDSL has an annotation processor make a class of an entity.
func queryDSL(b *blueprint) {
	const file = javaDir + "Thing.java"
	b.depend("jakarta.persistence", "jakarta.persistence-api", "")
	b.depend("com.querydsl", "querydsl-core", "")
	b.processors += "<path><groupId>com.querydsl</groupId><artifactId>querydsl-apt</artifactId><version>${querydsl.version}</version><classifier>jakarta</classifier></path>" +
		"<path><groupId>jakarta.persistence</groupId><artifactId>jakarta.persistence-api</artifactId><version>${jakarta-persistence.version}</version></path>"
	b.files[file] = "package com.example;\nimport jakarta.persistence.*;\n\n@Entity\npublic class Thing {\n\n\t@Id\n\tLong id;\n\n}\n"
	b.generated("Query",
		`java.util.Arrays.stream(QThing.class.getFields()).filter(f -> f.getName().matches("id|color")).count()`, "1")
	b.edits = append(b.edits,
		edit{"an entity", file, "Long id;", "Long id;\n\n\tString color;", byRestart, "/query", "query 2"})
}

// generated adds a controller that says what an expression with a generated class is.
func (b *blueprint) generated(name, expression, first string) {
	file, path := javaDir+name+"Controller.java", strings.ToLower(name)
	b.files[file] = fmt.Sprintf(`package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class %sController {

	@GetMapping("/%s")
	public String text() {
		return "%[2]s, " + %[3]s;
	}

}
`, name, path, expression)
	b.edits = append(b.edits, edit{"beside " + path, file, `, " +`, ` " +`, bySwap, "/" + path, path + " " + first})
}
