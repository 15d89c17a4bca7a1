package main

// The traits of the matrix: each is a thing that real projects have, and that may keep a save from
// the fast path.

func packageInfo(b *blueprint) {
	b.files[javaDir+"Owned.java"] = "package com.example;\nimport java.lang.annotation.*;\n\n@Retention(RetentionPolicy.RUNTIME)\npublic @interface Owned {\n\n}\n"
	b.files[javaDir+"package-info.java"] = "@Owned\npackage com.example;\n"
	b.files[javaDir+"empty/package-info.java"] = "/** A package without an annotation, of which javac makes no class. */\npackage com.example.empty;\n"
	b.files[javaDir+"OwnedController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class OwnedController {

	@GetMapping("/owned")
	public String owned() {
		return "" + OwnedController.class.getPackage().isAnnotationPresent(Owned.class);
	}

}
`
	b.pages["/owned"] = "true"
}

func lombok(b *blueprint) {
	b.depend("org.projectlombok", "lombok", "")
	b.process("org.projectlombok", "lombok", "", "lombok.version")
	b.files[javaDir+"Order.java"] = "package com.example;\n\n@lombok.Data\n@lombok.AllArgsConstructor\npublic class Order {\n\n\tprivate String item;\n\n}\n"
	b.files[javaDir+"OrderController.java"] = `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class OrderController {

	@GetMapping("/order")
	public String order() {
		return new Order("tea").toString();
	}

}
`
	b.edits = append(b.edits, edit{"Lombok", javaDir + "Order.java", "String item", "String name", byRestart, "/order", "Order(name=tea)"})
}

// configurationMetadata has a processor that writes a resource.
func configurationMetadata(b *blueprint) {
	b.process("org.springframework.boot", "spring-boot-configuration-processor", "", "project.parent.version")
	b.files[javaDir+"Settings.java"] = `package com.example;
import org.springframework.boot.context.properties.ConfigurationProperties;

@ConfigurationProperties("matrix")
public class Settings {

	private String word = "none";

	public String getWord() {
		return word;
	}

	public void setWord(String word) {
		this.word = word;
	}

}
`
	b.files[javaDir+"SettingsController.java"] = `package com.example;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.web.bind.annotation.*;

@RestController
@EnableConfigurationProperties(Settings.class)
public class SettingsController {

	private final Settings settings;

	SettingsController(Settings settings) {
		this.settings = settings;
	}

	@GetMapping("/setting")
	public String setting() {
		return settings.getWord();
	}

}
`
	b.files[resourceDir+"application.yaml"] = "matrix:\n  word: first\n"
	b.edits = append(b.edits, edit{"metadata", javaDir + "Settings.java", `"none";`, "\"none\";\n\n\tprivate int number;\n\n\tpublic int getNumber() {\n\t\treturn number;\n\t}\n\n\tpublic void setNumber(int number) {\n\t\tthis.number = number;\n\t}", byRestart, "/setting", "first"},
		edit{"setting", resourceDir + "application.yaml", "first", "second", byRestart, "/setting", "second"})
}

// styleChecks has a check that fails the build for a missing newline at the end of a file.
func styleChecks(b *blueprint) {
	b.files["checkstyle.xml"] = `<?xml version="1.0"?>
<!DOCTYPE module PUBLIC "-//Checkstyle//DTD Checkstyle Configuration 1.3//EN" "https://checkstyle.org/dtds/configuration_1_3.dtd">
<module name="Checker"><module name="NewlineAtEndOfFile"/></module>
`
	b.plugins += `      <plugin><artifactId>maven-checkstyle-plugin</artifactId><version>3.6.0</version><executions><execution><phase>validate</phase><goals><goal>check</goal></goals>
        <configuration><configLocation>checkstyle.xml</configLocation></configuration></execution></executions></plugin>
      <plugin><groupId>org.jacoco</groupId><artifactId>jacoco-maven-plugin</artifactId><version>0.8.14</version>
        <executions><execution><goals><goal>prepare-agent</goal></goals></execution></executions></plugin>
`
}

func buildInfo(b *blueprint) {
	b.bootPlugin += "<executions><execution><goals><goal>build-info</goal></goals></execution></executions>"
	b.gradle += "\nspringBoot { buildInfo() }\n"
}
